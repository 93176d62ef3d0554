/** Integers that describe one field: id, length (65535 is variable), enterprise number (0 is IANA). */
export const FIELD_INTS = 3;
/** Length in a template that says: each record tells its own (RFC 7011 section 7). */
export const VARIABLE_LENGTH = 0xffff;
