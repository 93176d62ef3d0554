import { formatTime } from '../base/units.ts';
import type { Datagram } from './datagram.ts';
import { elementOf, elementValue, NETFLOW9_PEN, NETFLOW9_SCOPE_PEN } from './elements.ts';
import type { Template } from './template.ts';
import { FIELD_INTS } from './template-field.ts';
import type { FieldPlaces } from './template-options.ts';

/**
 * All elements of one record by name, and what the header says of it: version, export time, sequence number, template. An
 * element that occurs more than once becomes an array. Not for the data path.
 */
export function namedFields(datagram: Datagram, template: Template, places: FieldPlaces): Record<string, unknown> {
  const fields: Record<string, unknown> = {};
  const isNetflow9 = datagram.exporter.protocol === 'netflow-v9';
  for (let field = 0; field < template.fieldCount; field++) {
    const id = template.fields[FIELD_INTS * field];
    const pen = !isNetflow9
      ? template.fields[FIELD_INTS * field + 2] >>> 0
      : field < template.scopeCount
        ? NETFLOW9_SCOPE_PEN
        : NETFLOW9_PEN;
    const length = places.length[field];
    const element = elementOf(pen, id);
    // A field without bytes says nothing, except text, which can be empty.
    if (length === 0 && element.type !== 'string') continue;
    const value = elementValue(datagram.bytes, places.offset[field], length, element.type);
    if (!Object.hasOwn(fields, element.name)) fields[element.name] = value;
    else {
      const earlier = fields[element.name];
      fields[element.name] = Array.isArray(earlier) ? [...earlier, value] : [earlier, value];
    }
  }
  // Elements of the record itself come before what the header says under the same name.
  const header: Record<string, unknown> = {
    version: isNetflow9 ? 9 : 10,
    exportTime: formatTime(datagram.exportMs),
    exportSequence: datagram.sequence,
    templateId: template.id,
  };
  if (isNetflow9) header.systemUpTimeMilliseconds = datagram.uptimeMs;
  return { ...header, ...fields };
}
