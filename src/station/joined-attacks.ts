import type { Attack } from '../model/attack.ts';
import { carryOn } from './carry-on.ts';
import { type AddressesOf, isSameAttack, joinTwo } from './join-attacks.ts';

/** Who tells of an attack: detection in flows, or detection in logs of web servers. */
export type Witness = 'flows' | 'log';
export const WITNESSES: readonly Witness[] = ['flows', 'log'];
export type Step = 'opened' | 'updated' | 'closed';

/** What one witness told last. */
export interface Testimony {
  readonly attack: Attack;
  readonly open: boolean;
  /** What was told of it when a detection began anew that counts from then on. */
  readonly before?: Attack;
}

/** An attack as people are told of it, and what each witness says of it. */
export interface ToldAttack {
  readonly attack: Attack;
  readonly step: Step;
  /** What it is made of, where both tell of it. */
  readonly views?: { readonly [W in Witness]: Attack };
}

/** What is kept of one attack while it goes on. */
interface Case {
  /** That of whoever told first, for all its life. */
  readonly id: string;
  readonly views: { [W in Witness]?: Testimony };
  /** Of what was told before by views that others took the place of. */
  first: Pick<Attack, 'start' | 'detectedAt' | 'peak'> | undefined;
}

/**
 * Joins what flows and logs tell of attacks that go on: where both tell of the same one, people are told of one, under the id of the
 * one that was told first. It begins once, and is over when both say so.
 *
 *   flows ── take ──┐                      ┌── opened: nobody told of it before
 *                   ├──► Case (one attack) ┼── updated: the other joins, goes on, or is over alone
 *   log ──── take ──┘                      └── closed: over for all who told of it
 *
 * What is the same is seen when the second begins, or later, when more of its sources are known: then the one that was told of later
 * is told as closed, with the id under which it goes on. Bounded by what the two detections hold open.
 */
export class JoinedAttacks {
  readonly #addressesOf: AddressesOf;
  readonly #cases = new Map<string, Case>();
  /** Which case a witness's attack belongs to. */
  readonly #caseOf: { readonly [W in Witness]: Map<string, Case> } = { flows: new Map(), log: new Map() };

  constructor(addressesOf: AddressesOf) {
    this.#addressesOf = addressesOf;
  }

  /** Goes on with an attack that an earlier run told of as ongoing. */
  adopt(id: string, views: { readonly [W in Witness]?: Attack }): void {
    const adopted: Case = { id, views: {}, first: undefined };
    for (const witness of WITNESSES) {
      const attack = views[witness];
      if (attack !== undefined) this.#put(adopted, witness, { attack, open: attack.ongoing });
    }
    this.#cases.set(id, adopted);
  }

  /** What a witness told and did not end: to be gone on with by a detector that starts now. */
  ongoing(witness: Witness): Attack[] {
    return [...this.#cases.values()].flatMap(({ views }) => {
      const view = views[witness];
      if (view?.open !== true) return [];
      // Detection in flows has its counts from its snapshot; that in logs begins with none.
      if (witness === 'log') views[witness] = { ...view, before: view.attack };
      return [view.attack];
    });
  }

  /** The id under which people know an attack that a witness tells of. */
  idOf(witness: Witness, id: string): string {
    return this.#caseOf[witness].get(id)?.id ?? id;
  }

  /** Takes what a witness says; gives what people are to be told, in this order. */
  take(witness: Witness, attack: Attack, step: Step): ToldAttack[] {
    const known = this.#caseOf[witness].get(attack.id);
    const before = known?.views[witness]?.before;
    const testimony: Testimony = {
      attack: before === undefined ? attack : carryOn(before, attack),
      open: step !== 'closed',
      ...(before === undefined ? {} : { before }),
    };
    if (known === undefined) {
      const same = step === 'closed' ? undefined : this.#sameAs(witness, attack);
      if (same !== undefined) {
        this.#put(same, witness, testimony);
        return [this.#tell(same, 'updated')];
      }
      const begun: Case = { id: attack.id, views: {}, first: undefined };
      this.#put(begun, witness, testimony);
      this.#cases.set(begun.id, begun);
      return [this.#tell(begun, step === 'closed' ? 'closed' : step)];
    }
    this.#put(known, witness, testimony);
    const alone = known.views[witness === 'flows' ? 'log' : 'flows'] === undefined;
    const same = testimony.open && alone ? this.#sameAs(witness, attack) : undefined;
    if (same !== undefined) return this.#join(known, same);
    const open = WITNESSES.some((each) => known.views[each]?.open === true);
    return [this.#tell(known, open ? 'updated' : 'closed')];
  }

  /** A case that goes on, that only the other witness tells of just now, and that is the same. */
  #sameAs(witness: Witness, attack: Attack): Case | undefined {
    for (const each of this.#cases.values()) {
      const other = each.views[witness === 'flows' ? 'log' : 'flows'];
      if (other?.open !== true || each.views[witness]?.open === true) continue;
      const [flows, log] = witness === 'flows' ? [attack, other.attack] : [other.attack, attack];
      if (isSameAttack(flows, log, this.#addressesOf)) return each;
    }
    return undefined;
  }

  /** Two that were told of apart are one: the one that was told of later is told on with the other. */
  #join(one: Case, other: Case): ToldAttack[] {
    const [first, later] =
      this.#attackOf(one).detectedAt < this.#attackOf(other).detectedAt ? [one, other] : [other, one];
    const ended = this.#attackOf(later);
    this.#cases.delete(later.id);
    for (const witness of WITNESSES) {
      const view = later.views[witness];
      if (view?.open === true) this.#put(first, witness, view);
      else if (view !== undefined) this.#caseOf[witness].delete(view.attack.id);
    }
    const { end = ended.detectedAt } = ended;
    const closing = `It is the same attack as ${first.id}, and is told on there.`;
    return [
      { attack: { ...ended, end, ongoing: false, closing, joinedInto: first.id }, step: 'closed' },
      this.#tell(first, 'updated'),
    ];
  }

  #put(into: Case, witness: Witness, testimony: Testimony): void {
    const before = into.views[witness];
    if (before !== undefined && before.attack.id !== testimony.attack.id) {
      const { start, detectedAt, peak } = this.#attackOf(into);
      into.first = { start, detectedAt, peak };
      this.#caseOf[witness].delete(before.attack.id);
    }
    into.views[witness] = testimony;
    this.#caseOf[witness].set(testimony.attack.id, into);
  }

  #tell(of: Case, step: Step): ToldAttack {
    const attack = this.#attackOf(of);
    const { flows, log } = of.views;
    if (step === 'closed') {
      this.#cases.delete(of.id);
      for (const witness of WITNESSES) {
        const view = of.views[witness];
        if (view !== undefined) this.#caseOf[witness].delete(view.attack.id);
      }
    }
    if (flows === undefined || log === undefined) return { attack, step };
    const viewOf = ({ attack: told, open }: Testimony): Attack => ({ ...told, ongoing: open });
    return { attack, step, views: { flows: viewOf(flows), log: viewOf(log) } };
  }

  #attackOf({ id, views, first }: Case): Attack {
    const { flows, log } = views;
    // A case has one view at least.
    const told = flows === undefined || log === undefined ? (flows ?? log)!.attack : joinTwo(flows.attack, log.attack);
    if (first === undefined) return { ...told, id };
    const least = (left: string, right: string): string => (left < right ? left : right);
    const rps = Math.max(told.peak.rps ?? 0, first.peak.rps ?? 0);
    return {
      ...told,
      id,
      start: least(first.start, told.start),
      detectedAt: least(first.detectedAt, told.detectedAt),
      peak: {
        bps: Math.max(told.peak.bps, first.peak.bps),
        pps: Math.max(told.peak.pps, first.peak.pps),
        fps: Math.max(told.peak.fps, first.peak.fps),
        ...(rps > 0 ? { rps } : {}),
      },
    };
  }
}
