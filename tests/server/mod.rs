//! An HTTP server on this machine that plays a service of AWS, well or badly.
//!
//! Owns the ways in which an answer can fail. Knows nothing of what is asked.
#![allow(dead_code, reason = "each test uses its part")]
#![allow(clippy::disallowed_methods, reason = "a server has threads")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

/// What the server does with a request.
#[derive(Clone)]
pub(crate) enum Reply {
    /// A status and a body.
    Answer(u16, String),
    /// Bytes that are no HTTP.
    Raw(&'static [u8]),
    /// Less than was announced.
    Cut(String),
    /// The end of the connection.
    End,
    /// Nothing, until the other side gives up.
    Silence,
}

/// A request: its head, and the form in its body.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) head: String,
    pub(crate) form: String,
}

/// A server that keeps what it was asked.
pub(crate) struct Server {
    pub(crate) endpoint: String,
    requests: Arc<Mutex<Vec<Request>>>,
}

impl Server {
    /// Answers each request, of which it is told how many were before, in a thread of its own.
    pub(crate) fn new(reply: impl Fn(&Request, usize) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let requests = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&requests);
        thread::spawn(move || {
            thread::scope(|scope| {
                for stream in listener.incoming() {
                    scope.spawn(|| serve(stream.unwrap(), &kept, &reply));
                }
            });
        });
        Self { endpoint, requests }
    }

    pub(crate) fn always(reply: Reply) -> Self {
        Self::new(move |_, _| reply.clone())
    }

    /// What was asked so far.
    pub(crate) fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }
}

fn serve(
    mut stream: TcpStream,
    kept: &Mutex<Vec<Request>>,
    reply: &(impl Fn(&Request, usize) -> Reply + Send + Sync),
) {
    let Some(request) = read(&mut stream) else { return };
    let before = {
        let mut kept = kept.lock().unwrap();
        kept.push(request.clone());
        kept.len() - 1
    };
    write(stream, &reply(&request, before));
}

fn read(stream: &mut TcpStream) -> Option<Request> {
    let mut reader = BufReader::new(stream);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        (reader.read_line(&mut head).ok()? > 0).then_some(())?;
    }
    let lower = head.to_ascii_lowercase();
    let length = lower.split("content-length: ").nth(1).and_then(|text| text.lines().next());
    let length = length.map_or(Some(0), |length| length.parse().ok())?;
    let mut form = vec![0; length];
    reader.read_exact(&mut form).ok()?;
    Some(Request { head, form: String::from_utf8(form).ok()? })
}

fn write(mut stream: TcpStream, reply: &Reply) {
    let bytes = match reply {
        Reply::Answer(status, body) => head(*status, body.len()) + body,
        Reply::Cut(body) => head(200, body.len() + 1000) + body,
        Reply::Raw(bytes) => String::from_utf8_lossy(bytes).into_owned(),
        Reply::End => return,
        Reply::Silence => {
            let _ = stream.read(&mut [0]);
            return;
        }
    };
    // Whoever has read enough may hang up.
    let _ = stream.write_all(bytes.as_bytes());
}

fn head(status: u16, length: usize) -> String {
    format!(
        "HTTP/1.1 {status} Some\r\nConnection: close\r\nContent-Type: text/xml\r\nContent-Length: {length}\r\n\r\n"
    )
}
