// An SMPP message centre on npm's `smpp`, whose verdict is the last digit of the number it is asked to reach:
//   0 to 4  delivered                  5  undeliverable            6  expired
//   7       submit refused for good    8  throttled once, then delivered
//   9       accepted, and never heard of again
//
//   node smsc.js NAME       prints "port N" once it listens; a line "FROM TO TEXT" on stdin is a text of a recipient.
"use strict";

const readline = require("readline");
const smpp = require("smpp");

const RECEIPT_DELAY_MS = 20;
const RECEIPT_ESM_CLASS = 4;
const STATES = {
  delivered: { word: "DELIVRD", number: 2, error: "000" },
  expired: { word: "EXPIRED", number: 3, error: "002" },
  undeliverable: { word: "UNDELIV", number: 5, error: "001" },
};

const name = process.argv[2];
const sessions = new Set();
const throttled = new Set();
let acceptedCount = 0;

function fateOf(number) {
  const fates = { 5: "undeliverable", 6: "expired", 7: "refused", 8: "throttled", 9: "silent" };
  return fates[number.slice(-1)] || "delivered";
}

function submit(session, pdu) {
  const number = pdu.destination_addr;
  const fate = fateOf(number);
  if (fate === "refused") {
    return session.send(pdu.response({ command_status: smpp.ESME_RINVDSTADR }));
  }
  if (fate === "throttled" && !throttled.has(number)) {
    throttled.add(number);
    return session.send(pdu.response({ command_status: smpp.ESME_RTHROTTLED }));
  }
  acceptedCount += 1;
  const id = `${name}-${acceptedCount.toString(16)}`;
  const text = pdu.short_message.message;
  const shown = Buffer.isBuffer(text) ? text.toString("hex") : text;
  console.log(JSON.stringify({ id, to: number, from: pdu.source_addr, data_coding: pdu.data_coding, text: shown }));
  session.send(pdu.response({ message_id: id }));
  if (fate !== "silent" && pdu.registered_delivery) {
    setTimeout(() => report(session, pdu, id, STATES[fate] || STATES.delivered), RECEIPT_DELAY_MS);
  }
}

function report(session, pdu, id, state) {
  const moment = new Date().toISOString().replace(/[-T:]/g, "").slice(2, 12);
  session.deliver_sm({
    source_addr: pdu.destination_addr,
    source_addr_ton: pdu.dest_addr_ton,
    destination_addr: pdu.source_addr,
    esm_class: RECEIPT_ESM_CLASS,
    receipted_message_id: id,
    message_state: state.number,
    short_message: {
      message:
        `id:${id} sub:001 dlvrd:001 submit date:${moment} done date:${moment} ` +
        `stat:${state.word} err:${state.error} text:Flood in the val`,
    },
  });
}

const server = smpp.createServer((session) => {
  session.on("bind_transceiver", (pdu) => {
    sessions.add(session);
    session.send(pdu.response({ system_id: name }));
  });
  session.on("enquire_link", (pdu) => session.send(pdu.response()));
  session.on("unbind", (pdu) => {
    session.send(pdu.response());
    session.close();
  });
  session.on("submit_sm", (pdu) => submit(session, pdu));
  session.on("error", () => {});
  session.on("close", () => sessions.delete(session));
});
server.listen(0, "127.0.0.1", () => console.log(`port ${server.address().port}`));

readline.createInterface({ input: process.stdin }).on("line", (line) => {
  const [from, to, ...words] = line.split(" ");
  const text = words.join(" ");
  const coding = smpp.encodings.detect(text) === "ASCII" ? 0 : 8; // its "ASCII" is the GSM alphabet: 0, not 1
  for (const session of sessions) {
    session.deliver_sm({
      source_addr: from,
      source_addr_ton: 1,
      destination_addr: to,
      data_coding: coding,
      short_message: text,
    });
  }
});
process.stdin.on("end", () => process.exit(0));
