// An SMSC of others (npm smpp): accepts everything, and sends a receipt until it is acknowledged.
// SMSC_DELAY is a receipt's delay in milliseconds, SMSC_KEY and SMSC_CERT are PEM files for TLS.
// It prints its port, and ends with its standard input.
const fs = require('fs');
const smpp = require('smpp');

const { SMSC_DELAY: delay = '5', SMSC_KEY: key, SMSC_CERT: cert } = process.env;
const owed = new Map(); // message id -> receipt
const receivers = new Set();
let last = 0;

const stamp = () => new Date().toISOString().replace(/[-:T]/g, '').slice(2, 12);
const pushed = (id) => {
  const [receiver] = receivers;
  if (receiver && owed.has(id)) {
    receiver.deliver_sm(owed.get(id), (pdu) => pdu.command_status === 0 && owed.delete(id));
  }
};

const served = (session) => {
  session.on('error', () => {});
  session.on('close', () => receivers.delete(session));
  session.on('enquire_link', (pdu) => session.send(pdu.response()));
  session.on('unbind', (pdu) => { session.send(pdu.response()); session.close(); });
  for (const mode of ['transceiver', 'receiver', 'transmitter']) {
    session.on(`bind_${mode}`, (pdu) => {
      const command_status = pdu.password === 'wrong' ? smpp.ESME_RINVPASWD : smpp.ESME_ROK;
      session.send(pdu.response({ system_id: 'npm', command_status }));
      if (!command_status && mode !== 'transmitter') {
        receivers.add(session);
        [...owed.keys()].forEach(pushed);
      }
    });
  }
  session.on('query_sm', (pdu) => session.send(pdu.response({
    message_id: pdu.message_id, final_date: `${stamp()}00000+`, message_state: 2, error_code: 0,
  })));
  session.on('submit_sm', (pdu) => {
    last += 1;
    const id = last.toString(16).padStart(10, '0');
    session.send(pdu.response({ message_id: id }));
    if (!(pdu.registered_delivery & 1)) return;
    const message = `id:${id} sub:001 dlvrd:001 submit date:${stamp()} done date:${stamp()} stat:DELIVRD err:000 text:`;
    owed.set(id, {
      source_addr: pdu.destination_addr, source_addr_ton: 1, source_addr_npi: 1,
      destination_addr: pdu.source_addr, esm_class: 4, short_message: { message },
      receipted_message_id: id, message_state: 2,
    });
    setTimeout(pushed, Number(delay), id);
  });
};

const options = key ? { key: fs.readFileSync(key), cert: fs.readFileSync(cert) } : {};
const server = smpp.createServer(options, served);
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
process.stdin.resume().on('end', () => process.exit());
