/** What the station says is wrong with an exporter, by form, as in `enForms`. */
export const enFindings = {
  'form.silent': 'nothing has come for {time}; its longest usual pause is {pause}: what passes it is not seen.',
  'form.lostDatagrams':
    "about {a} records ({datagrams}) are missing by their sequence numbers: {b} of its traffic is not seen. Look for drops on the way and at the receive buffer ('bonghwa doctor'), and let it send less.",
  'form.lostRecords':
    "{a} records are missing by their sequence numbers: {b} of its traffic is not seen. Look for drops on the way and at the receive buffer ('bonghwa doctor'), and let it send less.",
  'form.blind':
    '{a} records in {sets} could not be decoded, because the template that describes them had not come, and still has not: let it send templates every minute.',
  'form.undecoded':
    '{a} records in {sets} could not be decoded, because the template that describes them had not come: let it send templates every minute.',
  'form.blindSets':
    '{sets} of records could not be decoded, because the template that describes them had not come, and still has not: let it send templates every minute.',
  'form.undecodedSets':
    '{sets} of records could not be decoded, because the template that describes them had not come: let it send templates every minute.',
  'form.samplingUnexpected':
    'it tells a sampling of {ratios} where the configuration expects {ratio}: what it tells is used; set the one or the other right.',
  'form.samplingUntold':
    "it tells no sampling rate, so each packet is counted as one: if it samples, all rates are too low by that factor. Let it tell, or set 'samplingRate' of the exporter in the configuration (1 if it does not sample).",
  'form.samplingUntoldPartly':
    "{a} of its records tell no sampling rate, so each packet is counted as one: if it samples, all rates are too low by that factor. Let it tell, or set 'samplingRate' of the exporter in the configuration (1 if it does not sample).",
  'form.samplingChanged': 'the sampling rate changed to {ratio} {time} ago; before it was {ratios}.',
  'form.activeSeen':
    'its records tell of up to about {time} at once, which must be its active timeout: a long flow is told of only that late; set it to 60 s or less.',
  'form.activeTold': 'its active timeout is {time}: a long flow is told of only that late; set it to 60 s or less.',
  'form.inactiveSeen':
    'half of its records come about {time} or more after the last packet of their flow: a flood of single packets is told of that late; set the inactive timeout to 15 s.',
  'form.inactiveTold':
    'its inactive timeout is {time}: a flood of single packets is told of that late; set the inactive timeout to 15 s.',
  'form.clockBehind': "its clock is {time} behind the station's: set both by NTP.",
  'form.clockAhead': "its clock is {time} ahead of the station's: set both by NTP.",
  'form.clockBack': "its clock, or the station's, jumped back by {pause} {time} ago.",
  'form.clockForward': "its clock, or the station's, jumped forward by {pause} {time} ago.",
  'form.duplicate':
    '{a} of the flows that it tells of are told by {keeper} too ({b} compared): its records are left out while {keeper} tells as much of the same address. Let only one of both export them.',
  'form.duplicateSampled':
    '{a} of the flows of many packets that it tells of are told by {keeper} too ({b} compared): its records are left out while {keeper} tells as much of the same address. Let only one of both export them.',
  'form.interfaceUntold':
    'nothing is told of interface {missing}, which the configuration says faces outside, but of {seen}: attacks that come in there are not seen.',
  'form.interfacesUntold':
    'nothing is told of interfaces {missing}, which the configuration says face outside, but of {seen}: attacks that come in there are not seen.',
  'form.onlyTowards':
    'it tells of traffic to the protected networks and not of their answers: an attack and a crowd are told apart less surely. Let it export what leaves, too.',
  'form.onlyFrom':
    'it tells of traffic from the protected networks and not of what comes to them: attacks on them are not seen. Let it export what comes in.',
  'form.missedWhileDown': 'about {a} records came while the station was down, and were not seen.',
  // Where several exporters are told of together.
  'form.ofExporter': '{heard}: {finding}',
} as const;
