/** Exit codes of every command; documented in its help. */
export const EXIT_OK = 0;
/** Attacks were found, and `--fail-on-attack` was given. */
export const EXIT_ATTACK = 1;
/** `doctor` found a fault. */
export const EXIT_FAULT = 1;
/** `audit verify` found a broken chain, `notify test` a receiver that was not told. */
export const EXIT_FOUND = 1;
/** A bad option, an unreadable file, a faulty configuration. */
export const EXIT_COULD_NOT_RUN = 2;
/** Ended by the keyboard (128 + SIGINT, as shells count). */
export const EXIT_INTERRUPTED = 130;
