/**
 * Text that both ends of a link know, so that small frames compress: what our own headers and events say over and over. It is part of
 * protocol version 1 and may not change within it; the most frequent stands last, where matches are cheapest.
 */
const event = (type: string, producer: string, dataClass: string, data: string): string =>
  `{"type":"${type}","source":"/gateway-1/${producer}","subject":"","time":"2026-01-01T00:00:00.000Z","recordedtime":"2026-01-01T00:00:00.000Z","clock":"unknown","class":"${dataClass}","jurisdiction":"EU/DE","causedby":"gateway-1//local/1","data":${data}}`;

const decision = '{"principal":"link","action":"leave","destination":"*","allow":true,"rule":"egress aggregate to *, egress derived to *, public may leave","lane":"gateway-1/data","classes":["derived","aggregate","public"],"policyVersion":1,"from":1,"to":1,"count":1}';

const phrases = [
  '{"op":"offer","protocol":1,"node":"gateway-1","site":"","tier":"gateway","lanes":[["gateway-1/alarm",0],["gateway-1/audit",0],["gateway-1/data",0],["gateway-1/telemetry",0]],"desired":[["gateway-1",0]]}',
  '{"op":"subscribe","lanes":[["gateway-1/alarm",0,"0000000000000000000000000000000000000000000000000000000000000000"]]}',
  '{"op":"document","node":"","version":1}{"op":"have","node":"","version":1}{"op":"want","hash":"","offset":0}{"op":"chunk","hash":"","offset":0,"sizeBytes":',
  '{"op":"request","id":1,"to":"","method":"","deadlineMs":{"op":"answer","id":1,"ok":true}{"op":"ping"}{"op":"alive"}',
  '{"apiVersion":"holon/v1","apps":[{"apiVersion":"holon/v1","description":"","egress":[{"class":"derived","to":"*"},{"class":"aggregate","to":"*"}],"functions":[{"code":"","emits":{"":{"class":"derived","stream":"local"}},"models":[""],"name":"","on":{"type":""},"run":{"tier":"gateway"},"timeoutMs":10000}],"models":[{"graph":"","licence":"Apache-2.0","name":""}],"name":"","sources":[{"class":"raw","columns":{},"delimiter":";","files":[{"path":"","subject":""}],"format":"csv","intervalMs":1000,"kind":"replay","name":"replay","speed":"max","timeColumn":"datetime","type":""}],"version":"0.1.0"}],"kind":"Desired","node":"gateway-1","plan":"","version":1}',
  event("holon.log.opened", "log", "public", '{"predecessor":{"epoch":"","sequence":1,"hash":""}}'),
  event("holon.node.started", "node", "public", '{"site":"","tier":"gateway","jurisdiction":"EU/DE","parent":"wss://127.0.0.1:7403","api":"http://127.0.0.1:7406"}'),
  event("holon.node.reported", "agent", "public", '{"version":1,"outcome":"settled"}'),
  event("holon.policy.decision.opened", "guard", "public", decision),
  event("holon.policy.decision.closed", "guard", "public", decision),
  event("holon.model.fitted", "", "public", '{"model":"","blob":"","note":""}'),
  event("", "", "derived", '{"state":"open","episode":"","start":"","end":"","rows":1,"peakScore":1,"statistic":"q","causes":[{"sensor":"","share":0.5},{"sensor":"","share":0.3},{"sensor":"","share":0.1}]}'),
  event("", "", "aggregate", '{"count":60,"mean":[1,1,1],"deviation":[0.1,0.1,0.1]}'),
  '{"op":"records"}{"op":"mark","lanes":[["gateway-1/alarm",1,1],["gateway-1/audit",1,1],["gateway-1/data",1,1]]}',
];

export const linkDictionary: Uint8Array = new TextEncoder().encode(phrases.join(""));
