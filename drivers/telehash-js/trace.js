'use strict';
// Tells what happens inside telehash-js, in the words of the Telehash suite, by standing around its
// methods: nothing of the protocol is done here, and the library's files stay as they were published.
//
// One datagram keeps one packet id on its whole way up (endpoint, exchange, channel) or down. The
// library hands no such thing along, and between its steps lie promises; an AsyncLocalStorage
// follows them. Version 0.3 answers at once where 0.4 answers with a promise: `settle` takes both.

const dgram = require('node:dgram');
const { AsyncLocalStorage } = require('node:async_hooks');

function settle(result, good, bad) {
  if (result && typeof result.then === 'function') result.then(good, bad);
  else if (result === false || result === undefined) bad();
  else good(result);
}

// What channels carry: the header as it is, the body as bytes.
const shown = (packet) => ({
  header: packet.json || {},
  body: Buffer.from(packet.body || '').toString('base64'),
});

class Trace {
  constructor(lob, base32, tell) {
    this.lob = lob;
    this.base32 = base32;
    this.tell = tell;
    this.endpoint_id = 1;
    this.last = { exchange: 0, channel: 0, packet: 0 };
    this.exchanges = new WeakMap(); // exchange -> its id
    this.channels = new WeakMap(); // channel -> its id
    this.opened = new WeakMap(); // handshake as it came -> what was in it
    this.inners = new WeakMap(); // decrypted packet -> packet id
    this.way = new AsyncLocalStorage();
  }

  next(kind) {
    return ++this.last[kind];
  }

  // ---- datagrams ----

  // Must be called before the library makes its socket.
  sockets() {
    const create = dgram.createSocket;
    dgram.createSocket = (options, receive) => {
      const socket = create(options, (bytes, from) => this.datagram(bytes, from, receive));
      const send = socket.send;
      socket.send = (bytes, offset, length, port, ip, done) => {
        this.tell('endpoint.snd.packet', {
          endpoint_id: this.endpoint_id,
          packet_id: (this.way.getStore() || {}).sending || this.next('packet'),
          packet: { dst: JSON.stringify({ type: 'udp4', ip, port }), msg: bytes.toString('base64') },
        });
        return send.call(socket, bytes, offset, length, port, ip, done);
      };
      return socket;
    };
  }

  datagram(bytes, from, receive) {
    const received = {
      packet_id: this.next('packet'),
      packet: {
        src: JSON.stringify({ type: 'udp4', ip: from.address, port: from.port }),
        msg: bytes.toString('base64'),
      },
      taken: false,
    };
    this.tell('endpoint.rcv.packet', {
      endpoint_id: this.endpoint_id,
      packet_id: received.packet_id,
      packet: received.packet,
    });
    this.way.run({ received }, () => {
      receive(bytes, from);
      if (!received.taken) this.dropped('not a telehash packet');
    });
  }

  // The datagram that is being handled ends here.
  dropped(reason) {
    const { received } = this.way.getStore() || {};
    if (!received) return;
    this.tell('endpoint.drop.packet', {
      endpoint_id: this.endpoint_id,
      packet_id: received.packet_id,
      packet: received.packet,
      reason,
    });
  }

  packet_id() {
    const { received } = this.way.getStore() || {};
    return received ? received.packet_id : this.next('packet');
  }

  // ---- endpoint ----

  endpoint(mesh) {
    this.mesh = mesh;
    this.tell('endpoint.new', { endpoint_id: this.endpoint_id, hashname: mesh.hashname });

    const receive = mesh.receive;
    mesh.receive = (packet, pipe) => {
      const { received } = this.way.getStore() || {};
      if (received) received.taken = true;
      const token = packet.head.length === 0 && packet.body.slice(0, 16).toString('hex');
      if (packet.head.length > 1) this.dropped('neither a handshake nor a channel packet');
      else if (token !== false && !mesh.index[token]) this.dropped('no exchange has this token');
      return receive.call(mesh, packet, pipe);
    };

    const self = mesh.self;
    const decrypt = self.decrypt;
    self.decrypt = (message) => {
      const result = decrypt(message);
      settle(
        result,
        (inner) => this.opened.set(message, this.handshake(message, inner)),
        () => this.dropped('the handshake cannot be decrypted')
      );
      return result;
    };

    const exchange = self.exchange;
    self.exchange = (args) => {
      const x = exchange(args);
      if (x) this.exchange(x);
      return x;
    };
  }

  // ---- exchanges ----

  handshake(message, inner) {
    const keys = this.lob.decode(inner.body) || { json: {}, body: '' };
    const parts = {};
    for (const [csid, part] of Object.entries(keys.json)) {
      if (typeof part === 'string') parts[csid] = part;
    }
    return {
      csid: message.head.toString('hex'),
      public_key: this.base32.encode(Buffer.from(keys.body)),
      at: inner.json.at,
      parts,
    };
  }

  // Version 0.3 makes two exchanges and throws the first away: one counts from its first use.
  exchange_id(x) {
    if (!this.exchanges.has(x)) {
      this.exchanges.set(x, this.next('exchange'));
      this.tell('exchange.new', { endpoint_id: this.endpoint_id, exchange_id: this.exchanges.get(x) });
    }
    return this.exchanges.get(x);
  }

  exchange(x) {
    const { encrypt, verify, receive, send, channel } = x;

    x.encrypt = (inner) => {
      this.exchange_id(x);
      return encrypt(inner);
    };

    x.verify = (message) => {
      const about = () => ({
        exchange_id: this.exchange_id(x),
        packet_id: this.packet_id(),
        handshake: this.opened.get(message),
      });
      const result = verify(message);
      settle(
        result,
        () => this.tell('exchange.rcv.handshake', about()),
        () => this.tell('exchange.drop.handshake', { ...about(), reason: 'its signature is wrong' })
      );
      return result;
    };

    x.receive = (packet) => {
      const about = { exchange_id: this.exchange_id(x), packet_id: this.packet_id() };
      const refuse = (why) =>
        this.tell('exchange.drop.packet', {
          ...about,
          packet: { header: {}, body: packet.body.toString('base64') },
          reason: (why && why.message) || x.err || 'it cannot be decrypted',
        });
      const result = receive(packet);
      settle(result, (inner) => (inner ? this.arrived(x, about, inner) : refuse()), refuse);
      return result;
    };

    x.send = (inner, pipe) => {
      const packet_id = this.next('packet');
      const channel_id = this.channels.get(x.channels[(inner.json || {}).c]);
      const about = { channel_id, packet_id, packet: shown(inner) };
      // The library's own refusals of channels it does not know belong to none.
      if (channel_id) this.tell('channel.write', about);
      const result = this.way.run({ sending: packet_id }, () => send(inner, pipe));
      settle(
        result,
        () => {},
        (why) =>
          channel_id &&
          this.tell('channel.write.error', { ...about, reason: (why && why.message) || x.err || 'not sent' })
      );
      return result;
    };

    x.channel = (open) => {
      const chan = channel(open);
      if (chan.isChannel) this.channel(x, chan);
      return chan;
    };
  }

  arrived(x, about, inner) {
    this.inners.set(inner, about.packet_id);
    this.tell('exchange.rcv.packet', { ...about, packet: shown(inner) });
    const chan = x.channels[inner.json.c];
    const drop = (reason) => this.tell('exchange.drop.packet', { ...about, packet: shown(inner), reason });
    if (chan && chan.state === 'gone') {
      drop('its channel is gone');
    } else if (!chan) {
      const handled = this.mesh.extended.some((extension) => (extension.open || {})[inner.json.type]);
      if (!handled) drop(inner.json.type ? 'nobody here handles this type of channel' : 'no such channel');
    }
  }

  // ---- channels ----

  channel(x, chan) {
    const channel_id = this.next('channel');
    this.channels.set(chan, channel_id);
    this.tell('channel.new', {
      exchange_id: this.exchange_id(x),
      channel_id,
      channel: { type: chan.type, reliable: chan.reliable, cid: chan.id },
    });

    const receive = chan.receive;
    chan.receive = (packet) => {
      // The library tells a channel of its own timeout by a packet that never was on the wire.
      if (this.inners.has(packet)) {
        const about = { channel_id, packet_id: this.inners.get(packet), packet: shown(packet) };
        const reason = refusal(chan, packet.json);
        if (reason) this.tell('channel.drop.packet', { ...about, reason });
        else this.tell('channel.rcv.packet', about);
      }
      return receive(packet);
    };
  }
}

// Why the library is about to drop this packet without a word, if it is.
function refusal(chan, header) {
  if (header.err) return undefined;
  if (!chan.reliable) return chan.state === 'ended' ? 'the channel has ended' : undefined;
  const seq = parseInt(header.seq);
  if (!(seq > 0)) return undefined;
  if (seq <= chan.inDone || chan.inq[seq]) return 'a duplicate';
  if (seq - chan.inDone > 50) return 'too far ahead';
  return undefined;
}

module.exports = { Trace };
