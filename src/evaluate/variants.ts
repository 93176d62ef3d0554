import { CURVES, type CurveName, PARAMETERS, type TunedName } from '../detect/network/parameters.ts';

/** Detection with a part left out, or with a parameter set otherwise. */
export interface Variant {
  readonly name: string;
  readonly parameters: Readonly<Partial<Record<TunedName, number>>>;
  /** False counts long records in the second of their arrival. */
  readonly pacing?: boolean;
}

/** Detection as it is. */
export const WHOLE_DETECTION: Variant = { name: 'everything', parameters: {} };

const NEVER = 1e12;

/** What is left out in turn. A limit of 0 from the baseline leaves the floors; a carpet of so many addresses there never is. */
export const ABLATION: readonly Variant[] = [
  WHOLE_DETECTION,
  { name: 'without the ladder', parameters: { carpetAddressesMin: NEVER } },
  { name: 'without the pacing of long records', parameters: {}, pacing: false },
  { name: 'without the shape tests', parameters: { shapeTests: 0 } },
  { name: 'without the baseline', parameters: { overMaximum: 0, overDeviations: -NEVER } },
  { name: 'without the sampling bound', parameters: { samplingSigmas: 0 } },
  { name: 'without asking who is answered', parameters: { peersMax: 0 } },
  { name: 'without asking who comes back', parameters: { comeBackShare: 2 } },
  { name: 'without a second second, ever', parameters: { confirmSeconds: 1 } },
  { name: 'without one second where the shape is clear', parameters: { clearFactor: NEVER } },
];

export const CURVE_NAMES: readonly string[] = Object.keys(CURVES);

export function isCurveName(name: string): name is CurveName {
  return name in CURVES;
}

/** The points of a parameter's curve; that which is in force is named so. */
export function curveOf(name: CurveName): Variant[] {
  return CURVES[name].map((value) => ({
    name: `${name} ${value}${value === PARAMETERS[name] ? ' (in force)' : ''}`,
    parameters: { [name]: value },
  }));
}
