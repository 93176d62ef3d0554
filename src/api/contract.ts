import { INCIDENT_ROUTES } from './contract/incidents.ts';
import { NOTIFICATION_ROUTES } from './contract/notifications.ts';
import { PEOPLE_ROUTES } from './contract/people.ts';
import type { RouteContract } from './contract/route.ts';
import { SITE_ROUTES } from './contract/sites.ts';
import { TRAFFIC_ROUTES } from './contract/traffic.ts';

/**
 * What the HTTP interface is asked and what it answers: one entry of `ROUTES` for every path and method. The server, the description
 * at /api/openapi.json, the reference and the client on the command line follow from it.
 */
export type { RouteContract } from './contract/route.ts';
export type { AttacksAnswer, ExportersAnswer } from './contract/traffic.ts';
export {
  attacksAnswerSchema,
  attacksParamsSchema,
  exportersAnswerSchema,
  flowsParamsSchema,
  requestsParamsSchema,
  secondsParamsSchema,
} from './contract/traffic.ts';

/** Every path and method of the interface. */
export const ROUTES = {
  ...TRAFFIC_ROUTES,
  ...INCIDENT_ROUTES,
  ...SITE_ROUTES,
  ...PEOPLE_ROUTES,
  ...NOTIFICATION_ROUTES,
} as const satisfies Record<string, RouteContract>;

export type RouteName = keyof typeof ROUTES;
