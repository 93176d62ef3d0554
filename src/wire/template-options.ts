import type { Datagram } from './datagram.ts';
import type { Template } from './template.ts';
import { unsignedAt } from './template-columns.ts';
import { FIELD_INTS } from './template-field.ts';

/* Elements of options data that change how flow records are read (RFC 5477, RFC 3954 section 8, IANA). */
const SAMPLING_INTERVAL = 34;
const FLOW_ACTIVE_TIMEOUT = 36;
const FLOW_IDLE_TIMEOUT = 37;
const SAMPLER_ID = 48;
const SAMPLER_RANDOM_INTERVAL = 50;
const SYSTEM_INIT_TIME_MS = 160;
const SELECTOR_ID = 302;
const SAMPLING_PACKET_INTERVAL = 305;
const SAMPLING_PACKET_SPACE = 306;
const SAMPLING_SIZE = 309;
const SAMPLING_POPULATION = 310;
const SAMPLING_PROBABILITY = 311;

/** Where the fields of one record lie: offsets and lengths by field. */
export interface FieldPlaces {
  readonly offset: Int32Array;
  readonly length: Int32Array;
}

/**
 * Takes what one record of options data says of the exporter: sampling rate, of one sampler where it names one, timeouts,
 * and the time the system started. Everything else is passed over.
 */
export function takeOptions(datagram: Datagram, template: Template, places: FieldPlaces): void {
  const { exporter, rejections, bytes } = datagram;
  exporter.optionRecords++;
  const isNetflow9 = exporter.protocol === 'netflow-v9';
  let rate = -1;
  let interval = -1;
  let space = 0;
  let size = -1;
  let population = -1;
  let sampler = -1;
  for (let field = 0; field < template.fieldCount; field++) {
    const length = places.length[field];
    // The scope fields of NetFlow v9 have numbers of their own; those of IPFIX are elements.
    if ((isNetflow9 && field < template.scopeCount) || template.fields[FIELD_INTS * field + 2] !== 0) continue;
    if (length < 1 || length > 8) continue;
    const value = unsignedAt(bytes, places.offset[field], length);
    switch (template.fields[FIELD_INTS * field]) {
      case SAMPLING_INTERVAL:
      case SAMPLER_RANDOM_INTERVAL:
        rate = value;
        break;
      case SAMPLING_PACKET_INTERVAL:
        interval = value;
        break;
      case SAMPLING_PACKET_SPACE:
        // Packets not taken after each interval; without the element the interval itself is "one in".
        space = value + 1;
        break;
      case SAMPLING_SIZE:
        size = value;
        break;
      case SAMPLING_POPULATION:
        population = value;
        break;
      case SAMPLING_PROBABILITY:
        if (length === 8) rate = 1 / datagram.view.getFloat64(places.offset[field]);
        break;
      case SAMPLER_ID:
      case SELECTOR_ID:
        sampler = value;
        break;
      case FLOW_ACTIVE_TIMEOUT:
        exporter.activeTimeoutSeconds = value;
        break;
      case FLOW_IDLE_TIMEOUT:
        exporter.inactiveTimeoutSeconds = value;
        break;
      case SYSTEM_INIT_TIME_MS:
        exporter.bootMs = value;
        break;
      default:
    }
  }
  if (rate < 0 && interval >= 0) rate = space > 0 ? (interval + space - 1) / interval : interval;
  if (rate < 0 && size >= 0 && population >= 0) rate = population / size;
  if (Number.isNaN(rate)) rate = 0;
  if (rate < 0) return;
  if (sampler >= 0) exporter.setSamplerRate(sampler, rate, rejections);
  else exporter.setSamplingRate(rate, rejections);
}
