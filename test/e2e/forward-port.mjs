/**
 * Carries TCP connections between network namespaces, which share the file system: `in PORT SOCKET` listens on a Unix
 * socket and connects to 127.0.0.1:PORT, `out SOCKET` listens on a free port of 127.0.0.1, prints it, and connects to the
 * Unix socket.
 */
import { connect, createServer } from 'node:net';

const [direction, first, second] = process.argv.slice(2);
const target = direction === 'in' ? { host: '127.0.0.1', port: Number(first) } : { path: first };

const server = createServer((socket) => {
  const other = connect(target);
  const end = () => {
    socket.destroy();
    other.destroy();
  };
  for (const each of [socket, other]) each.on('error', end).on('close', end);
  socket.pipe(other).pipe(socket);
});
server.listen(direction === 'in' ? second : { host: '127.0.0.1', port: 0 }, () => {
  const address = server.address();
  console.log(typeof address === 'string' ? address : address.port);
});
