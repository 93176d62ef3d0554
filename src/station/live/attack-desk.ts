import type { Attack } from '../../model/attack.ts';
import type { KeptRequest, RequestsRecord } from '../../model/kept-request.ts';
import type { SecondRecord, TargetSecond } from '../../model/second-record.ts';
import type { AttackPage, AttackQuery, StateStore } from '../../store/state/state-store.ts';
import type { AddressesOf } from '../join-attacks.ts';
import { JoinedAttacks, type Step, type ToldAttack, WITNESSES, type Witness } from '../joined-attacks.ts';
import { AttackKeeper } from './attack-keeper.ts';
import type { LiveStatus } from './live-status.ts';
import { ongoingIn } from './plan.ts';

/** What each witness said last of an attack that both tell of: a start goes on with both. */
const VIEWS_KIND = 'attack-views';
/** Attackers of a view that is kept. */
const ATTACKERS_KEPT = 100;

export interface AttackDeskOptions {
  readonly live: Pick<LiveStatus, 'attack' | 'ongoing'>;
  /** Addresses and prefixes of a site as they are known now. */
  readonly addressesOf: AddressesOf;
  /** Told of every attack when it is kept. */
  readonly onAttack: (attack: Attack, step: Step) => void;
  readonly onProblem: (error: Error) => void;
}

/**
 * All attacks that a station knows of: what flows and logs say is joined, kept, and told, in this order. An attack is on disk before
 * anybody is told of it.
 */
export class AttackDesk {
  readonly #options: AttackDeskOptions;
  readonly #joined: JoinedAttacks;
  readonly #keeper = new AttackKeeper();
  #state: StateStore | undefined;

  constructor(options: AttackDeskOptions) {
    this.#options = options;
    this.#joined = new JoinedAttacks(options.addressesOf);
  }

  /** Takes up what went on when an earlier run ended. `reads`: who can tell how it goes on; what nobody can is over. */
  async open(state: StateStore, reads: { readonly [W in Witness]: boolean }): Promise<void> {
    this.#state = state;
    for (const attack of await ongoingIn(state)) this.#joined.adopt(attack.id, await viewsOf(state, attack));
    for (const witness of WITNESSES) {
      if (reads[witness]) continue;
      for (const attack of this.#joined.ongoing(witness))
        this.take(witness, { ...attack, ongoing: false, end: attack.end ?? attack.detectedAt }, 'closed');
    }
  }

  /** Attacks of a witness that a detection which starts now has to go on with. */
  ongoing(witness: Witness): Attack[] {
    return this.#joined.ongoing(witness);
  }

  /** A second of the flows with its attacks under the ids that people know. */
  named(record: SecondRecord): SecondRecord {
    return underKnownIds(record, (id) => this.#joined.idOf('flows', id));
  }

  /** Kept requests with their attacks under the ids that people know. */
  namedRequests(record: RequestsRecord): RequestsRecord {
    return requestsUnderKnownIds(record, (id) => this.#joined.idOf('log', id));
  }

  take(witness: Witness, attack: Attack, step: Step): void {
    for (const told of this.#joined.take(witness, attack, step)) this.#tell(told);
  }

  #tell({ attack, step, views }: ToldAttack): void {
    const { live, onAttack, onProblem } = this.#options;
    live.attack(attack, step);
    const state = this.#state;
    if (state === undefined) return;
    // What an attack is made of is in the journal before the attack that is made of it.
    if (views !== undefined && step !== 'closed')
      void state.saveDocument(VIEWS_KIND, attack.id, keptViews(views)).catch(onProblem);
    this.#keeper.keep(state, attack, () => onAttack(attack, step), onProblem);
    if (views !== undefined && step === 'closed') void state.removeDocument(VIEWS_KIND, attack.id).catch(onProblem);
  }

  async attacks(state: StateStore, query: AttackQuery): Promise<AttackPage> {
    const page = await state.attacks(query);
    await this.#keeper.kept();
    const now = new Map(this.#options.live.ongoing().map((attack) => [attack.id, attack]));
    return { ...page, attacks: page.attacks.map((attack) => now.get(attack.id) ?? attack) };
  }

  async attack(state: StateStore, id: string): Promise<Attack | undefined> {
    const attack = this.#options.live.ongoing().find((ongoing) => ongoing.id === id) ?? (await state.attack(id));
    await this.#keeper.kept();
    return attack;
  }

  /** Forgets attacks that ended before this time, ms since 1970. */
  async prune(beforeMs: number): Promise<void> {
    await this.#state?.prune(beforeMs);
    await this.#state?.pruneDocuments(VIEWS_KIND, beforeMs);
  }
}

function underKnownIds(record: SecondRecord, idOf: (id: string) => string): SecondRecord {
  const isOther = ({ attackId }: TargetSecond): boolean => attackId !== undefined && idOf(attackId) !== attackId;
  if (!record.targets.some(isOther)) return record;
  const targets = record.targets.map((target) =>
    target.attackId === undefined ? target : { ...target, attackId: idOf(target.attackId) },
  );
  return { ...record, targets };
}

function requestsUnderKnownIds(record: RequestsRecord, idOf: (id: string) => string): RequestsRecord {
  const isOther = ({ attackId }: KeptRequest): boolean => attackId !== '' && idOf(attackId) !== attackId;
  if (!record.requests.some(isOther)) return record;
  const requests = record.requests.map((request) =>
    request.attackId === '' ? request : { ...request, attackId: idOf(request.attackId) },
  );
  return { ...record, requests };
}

type Views = { readonly [W in Witness]?: Attack };

/** What is kept of views: enough to go on with both. */
function keptViews({ flows, log }: NonNullable<ToldAttack['views']>): Views {
  return { flows, log: { ...log, attackers: (log.attackers ?? []).slice(0, ATTACKERS_KEPT) } };
}

/** What flows and the log said of an attack that is kept. */
async function viewsOf(state: StateStore, attack: Attack): Promise<Views> {
  const { web, packets } = attack.evidence;
  if (web === undefined) return { flows: attack };
  if (packets === 0) return { log: attack };
  const kept = await state.document(VIEWS_KIND, attack.id).catch(() => undefined);
  const views = kept?.body as Views | undefined;
  // Where that is lost, the log goes on with it, and the flows join it when they see it again.
  return views?.flows === undefined || views.log === undefined ? { log: attack } : views;
}
