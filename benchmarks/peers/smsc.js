// The SMSC every peer sends to: npm smpp, receipts after 50 ms, and counts over HTTP at PORT+1.
// A receipt counts when it is acknowledged. Times are in seconds since the first submission.
const http = require('http');
const smpp = require('smpp');

const port = Number(process.argv[2]);
let n, started, submitted, acknowledged, lastSubmit, lastReceipt;
const reset = () => { n = submitted = acknowledged = lastSubmit = lastReceipt = 0; started = null; };
const now = () => Number(process.hrtime.bigint() / 1000n) / 1e6;
const stamp = () => new Date().toISOString().replace(/[-:T]/g, '').slice(2, 12);
reset();

function receipt(session, pdu, id) {
  const text = `id:${id} sub:001 dlvrd:001 submit date:${stamp()} done date:${stamp()} stat:DELIVRD err:000 text:`;
  session.deliver_sm({
    source_addr: pdu.destination_addr, destination_addr: pdu.source_addr, esm_class: 4,
    short_message: { message: text }, receipted_message_id: id, message_state: 2,
  }, () => { acknowledged += 1; lastReceipt = now() - started; });
}

smpp.createServer((session) => {
  session.on('error', () => {});
  session.on('enquire_link', (pdu) => session.send(pdu.response()));
  session.on('unbind', (pdu) => { session.send(pdu.response()); session.close(); });
  for (const bind of ['bind_transceiver', 'bind_receiver', 'bind_transmitter']) {
    session.on(bind, (pdu) => session.send(pdu.response({ system_id: 'bench' })));
  }
  session.on('submit_sm', (pdu) => {
    if (started === null) started = now();
    submitted += 1;
    lastSubmit = now() - started;
    const id = 'n' + (++n).toString(16).padStart(10, '0');
    session.send(pdu.response({ message_id: id }));
    if (pdu.registered_delivery & 1) setTimeout(() => receipt(session, pdu, id), 50);
  });
}).listen(port, '127.0.0.1');

http.createServer((request, response) => {
  if (request.url === '/reset') reset();
  response.end(JSON.stringify({ submitted, acknowledged, lastSubmit, lastReceipt }));
}).listen(port + 1, '127.0.0.1');
