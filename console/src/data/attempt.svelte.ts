import { Problem } from './ask.ts';

/** One thing that a form does: whether it is under way, and what came of it. */
export class Attempt {
  problem = $state.raw<Problem | undefined>();
  working = $state(false);
  done = $state('');

  /** Does it; true where it was done. `said` is shown then. */
  async run(work: () => Promise<unknown>, said = ''): Promise<boolean> {
    this.working = true;
    this.done = '';
    try {
      await work();
      this.problem = undefined;
      this.done = said;
      return true;
    } catch (error) {
      this.problem = error instanceof Problem ? error : new Problem(0, String(error));
      return false;
    } finally {
      this.working = false;
    }
  }
}
