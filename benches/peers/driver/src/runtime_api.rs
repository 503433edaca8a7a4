//! One function process and the local Lambda Runtime API it talks to.
//!
//! Owns: the child process, the sockets, the bytes of HTTP, and the clock around them. Must not know: which
//! function this is, what a good answer looks like, or what becomes of the times.
//!
//! The server is one thread that blocks in `poll`, so on the single core it shares with the function it costs two
//! system calls a request and nothing while the function works. It reads HTTP/1.1 as Lambda's clients write it:
//! kept-alive connections, one request at a time, bodies with a `Content-Length`.

use std::fmt::Write as _;
use std::io::{self, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

/// What a function is started with: program, arguments, and environment on top of Lambda's own variables.
#[derive(Debug)]
pub struct Launch {
    pub command: Vec<String>,
    pub environment: Vec<(String, String)>,
}

/// How long any single wait for the function may last before the run is given up.
const PATIENCE: Timespec = Timespec { tv_sec: 20, tv_nsec: 0 };

/// A started function that waits for its next event.
pub struct Function {
    child: Child,
    output: ChildStdout,
    listener: TcpListener,
    connections: Vec<Connection>,
    /// The connection on which `GET /next` is waiting for its answer.
    waiting: usize,
    invocations: u64,
}

struct Connection {
    stream: TcpStream,
    /// Read into directly; the first `filled` bytes are meant.
    buffer: Vec<u8>,
    filled: usize,
}

struct Request {
    connection: usize,
    path: String,
    body: Vec<u8>,
}

impl Function {
    /// Starts the process and waits for its first `GET /next`; gives the time between the two.
    pub fn start(launch: &Launch) -> io::Result<(Self, Duration)> {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let (program, arguments) =
            launch.command.split_first().ok_or_else(|| io::Error::other("an empty command"))?;
        // Standard output is a pipe, as it is on Lambda; it is emptied after each event, outside of the time.
        let mut command = Command::new(program);
        command
            .args(arguments)
            .env_clear()
            .env("PATH", "/usr/local/bin:/usr/bin:/bin")
            .env("AWS_LAMBDA_RUNTIME_API", listener.local_addr()?.to_string())
            .env("AWS_LAMBDA_FUNCTION_NAME", "measured")
            .env("AWS_LAMBDA_FUNCTION_VERSION", "1")
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128")
            .env("AWS_LAMBDA_LOG_GROUP_NAME", "/aws/lambda/measured")
            .env("AWS_LAMBDA_LOG_STREAM_NAME", "measured")
            .env("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand")
            .env("AWS_REGION", "eu-central-1")
            .env("TZ", ":UTC")
            .envs(launch.environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(Stdio::piped());
        if std::env::var_os("BENCH_LOGS").is_none() {
            command.stderr(Stdio::null());
        }
        let before = Instant::now();
        let mut child = command.spawn()?;
        let output = child.stdout.take().ok_or_else(|| io::Error::other("no standard output"))?;
        let mut function =
            Self { child, output, listener, connections: Vec::new(), waiting: 0, invocations: 0 };
        let request = function.request()?;
        let elapsed = before.elapsed();
        function.expect_next(&request)?;
        rustix::io::ioctl_fionbio(&function.output, true)?;
        function.empty_output();
        Ok((function, elapsed))
    }

    /// Hands the function one event; gives its answer and the round trip: from just before the event is written
    /// to just after the last byte of the answer was read.
    pub fn invoke(&mut self, event: &[u8]) -> io::Result<(Vec<u8>, Duration)> {
        self.invocations += 1;
        let mut head = String::with_capacity(512);
        // Writing into a `String` cannot fail.
        let _ = write!(
            head,
            "HTTP/1.1 200 OK\r\n\
             Content-Type: application/json\r\n\
             Content-Length: {}\r\n\
             Lambda-Runtime-Aws-Request-Id: 8476a536-e9f4-11e8-9739-{:012x}\r\n\
             Lambda-Runtime-Deadline-Ms: 4102444800000\r\n\
             Lambda-Runtime-Invoked-Function-Arn: \
             arn:aws:lambda:eu-central-1:123456789012:function:measured\r\n\
             Lambda-Runtime-Trace-Id: Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Sampled=0\r\n\r\n",
            event.len(),
            self.invocations,
        );
        let mut message = head.into_bytes();
        message.extend_from_slice(event);

        let before = Instant::now();
        self.connections[self.waiting].stream.write_all(&message)?;
        let answer = self.request()?;
        let elapsed = before.elapsed();

        if !answer.path.ends_with("/response") {
            let body = String::from_utf8_lossy(&answer.body).into_owned();
            return Err(io::Error::other(format!("answered at {}: {body}", answer.path)));
        }
        self.connections[answer.connection]
            .stream
            .write_all(b"HTTP/1.1 202 Accepted\r\nContent-Type: application/json\r\nContent-Length: 15\r\n\r\n{\"status\":\"OK\"}")?;
        let next = self.request()?;
        self.expect_next(&next)?;
        self.empty_output();
        Ok((answer.body, elapsed))
    }

    /// Throws away what the function has printed, lest it block on a full pipe.
    fn empty_output(&mut self) {
        let mut sink = [0; 1 << 13];
        // An error is `WouldBlock`: nothing left to read.
        while let Ok(1..) = self.output.read(&mut sink) {}
    }

    /// Resident memory now, in KiB, as the kernel counts it (the exact sum of mappings, not the lazy counter).
    pub fn resident_kib(&self) -> io::Result<u64> {
        let rollup = std::fs::read_to_string(format!("/proc/{}/smaps_rollup", self.child.id()))?;
        rollup
            .lines()
            .find_map(|line| line.strip_prefix("Rss:")?.trim().strip_suffix("kB")?.trim().parse().ok())
            .ok_or_else(|| io::Error::other("no Rss in smaps_rollup"))
    }

    fn expect_next(&mut self, request: &Request) -> io::Result<()> {
        if !request.path.ends_with("/invocation/next") {
            let body = String::from_utf8_lossy(&request.body).into_owned();
            return Err(io::Error::other(format!("expected GET /next, got {}: {body}", request.path)));
        }
        self.waiting = request.connection;
        Ok(())
    }

    /// Waits for the next whole request on any connection, and accepts new connections meanwhile.
    fn request(&mut self) -> io::Result<Request> {
        loop {
            let mut sockets: Vec<PollFd<'_>> =
                self.connections.iter().map(|it| PollFd::new(&it.stream, PollFlags::IN)).collect();
            sockets.push(PollFd::new(&self.listener, PollFlags::IN));
            if poll(&mut sockets, Some(&PATIENCE))? == 0 {
                return Err(io::Error::new(io::ErrorKind::TimedOut, "the function said nothing"));
            }
            let mut ready: Vec<bool> = sockets.iter().map(|it| !it.revents().is_empty()).collect();
            if ready.pop() == Some(true) {
                let (stream, _) = self.listener.accept()?;
                stream.set_nodelay(true)?;
                self.connections.push(Connection { stream, buffer: vec![0; 1 << 16], filled: 0 });
            }
            for (index, ready) in ready.into_iter().enumerate() {
                if ready && let Some((path, body)) = self.connections[index].read()? {
                    return Ok(Request { connection: index, path, body });
                }
            }
        }
    }
}

impl Drop for Function {
    fn drop(&mut self) {
        // Nothing to be done about a process that is already gone.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Connection {
    /// Reads once; gives path and body when that completed a request.
    fn read(&mut self) -> io::Result<Option<(String, Vec<u8>)>> {
        if self.filled == self.buffer.len() {
            self.buffer.resize(2 * self.filled, 0);
        }
        let count = self.stream.read(&mut self.buffer[self.filled..])?;
        if count == 0 {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the function hung up"));
        }
        self.filled += count;
        let received = &self.buffer[..self.filled];
        let Some(end) = received.windows(4).position(|it| it == b"\r\n\r\n") else {
            return Ok(None);
        };
        let head = std::str::from_utf8(&received[..end]).map_err(io::Error::other)?;
        let body = end + 4;
        let Some(content) = received.get(body..body + content_length(head)?) else {
            return Ok(None);
        };
        let request = (head.split(' ').nth(1).unwrap_or_default().to_owned(), content.to_vec());
        // A client that waits for its answer sends nothing after the request.
        self.filled = 0;
        Ok(Some(request))
    }
}

fn content_length(head: &str) -> io::Result<usize> {
    for line in head.lines().skip(1) {
        let Some((name, value)) = line.split_once(':') else {
            continue;
        };
        if name.eq_ignore_ascii_case("transfer-encoding") {
            return Err(io::Error::other("a chunked request; this server reads Content-Length only"));
        }
        if name.eq_ignore_ascii_case("content-length") {
            return value.trim().parse().map_err(io::Error::other);
        }
    }
    Ok(0)
}
