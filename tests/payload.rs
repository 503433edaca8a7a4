//! Downloading a payload: which addresses are asked, and what comes of every answer.
//!
//! Owns a small server on this machine that plays Amazon S3. Knows of the function only how it downloads.
#![cfg(feature = "lambda")]
#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test has a server and a clock, and stops at what it does not expect"
)]

use std::ffi::OsStr;
use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use ecs_guard::payload::{Error, check_url, fetch_within};

const BUDGET: Duration = Duration::from_secs(6);

const HOST: &str = "hooks.s3.eu-west-1.amazonaws.com";
const PATH_AND_QUERY: &str = "/the-path?X-Amz-Expires=900&X-Amz-Signature=c0ffee";

/// Plays Amazon S3: gives each connection the next answer, and keeps the first line of each request.
struct Server {
    endpoint: String,
    requests: Receiver<String>,
}

impl Server {
    fn answering(answers: Vec<Vec<u8>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let (sender, requests) = channel();
        thread::spawn(move || {
            for answer in answers {
                let mut stream = listener.accept().unwrap().0;
                sender.send(read_request(&mut stream)).unwrap();
                // Whoever has read enough may hang up.
                let _ = stream.write_all(&answer);
            }
        });
        Self { endpoint, requests }
    }

    fn fetch(&self) -> Result<Vec<u8>, Error> {
        fetch(BUDGET, &self.endpoint)
    }

    /// The error of a download, and how many requests it took.
    fn fails(&self) -> (Error, usize) {
        let error = self.fetch().unwrap_err();
        (error, self.requests.try_iter().count())
    }
}

fn read_request(stream: &mut TcpStream) -> String {
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        request.push(byte[0]);
    }
    String::from_utf8(request).unwrap().lines().next().unwrap().to_owned()
}

/// Downloads from the server, and holds whatever goes wrong to the promise that nothing of the URL is told.
fn fetch(budget: Duration, endpoint: &str) -> Result<Vec<u8>, Error> {
    let url = format!("https://{HOST}{PATH_AND_QUERY}");
    let result = fetch_within(budget, &url, Some(OsStr::new(endpoint)));
    if let Err(error) = &result {
        for text in [error.to_string(), format!("{error:?}")] {
            for part in ["the-path", "X-Amz", "c0ffee", "127.0.0.1:", "http://127"] {
                let is_about_the_variable = matches!(error, Error::TestEndpoint) && part.contains("127");
                assert!(!text.contains(part) || is_about_the_variable, "{part} is told: {text}");
            }
        }
    }
    result
}

fn answer(status: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let head =
        format!("HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: {}\r\n{headers}\r\n", body.len());
    [head.as_bytes(), body].concat()
}

/// An answer that ends where the connection does.
fn unannounced(body: &[u8]) -> Vec<u8> {
    [b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n", body].concat()
}

#[test]
fn the_payload_is_what_the_url_answers() {
    let body = br#"{"template": "Resources: {}", "previousTemplate": ""}"#;
    let server = Server::answering(vec![answer("200 OK", "", body)]);
    assert_eq!(server.fetch().unwrap(), body);
    let request = server.requests.recv().unwrap();
    assert_eq!(request, format!("GET {PATH_AND_QUERY} HTTP/1.1"), "a signature covers path and query");
}

#[test]
fn eight_mebibytes_are_read_and_no_byte_more() {
    let most = vec![b' '; 8 << 20];
    let too_many = vec![b' '; (8 << 20) + 1];
    for make in [unannounced, |body: &[u8]| answer("200 OK", "", body)] {
        assert_eq!(Server::answering(vec![make(&most)]).fetch().unwrap().len(), most.len());
        assert_eq!(Server::answering(vec![make(&too_many)]).fails(), (Error::TooLarge, 1));
    }
}

#[test]
fn a_length_that_is_too_large_is_refused_before_anything_is_read() {
    let server = Server::answering(vec![b"HTTP/1.1 200 OK\r\nContent-Length: 9000000000\r\n\r\n".to_vec()]);
    assert_eq!(server.fails(), (Error::TooLarge, 1));
}

#[test]
fn a_url_that_has_expired_says_so_and_is_not_tried_again() {
    for (status, number) in [("403 Forbidden", 403), ("404 Not Found", 404), ("400 Bad Request", 400)] {
        let server = Server::answering(vec![answer(status, "", b"<Error>AccessDenied c0ffee</Error>")]);
        let (error, requests) = server.fails();
        assert_eq!(requests, 1);
        assert_eq!(
            error.to_string(),
            format!(
                "Amazon S3 refused the presigned URL of the payload with status {number}. Such a URL expires: start \
                 the operation again."
            )
        );
    }
}

#[test]
fn a_server_that_is_unwell_is_asked_twice() {
    let unwell = || answer("503 Slow Down", "", b"");
    let server = Server::answering(vec![unwell(), answer("200 OK", "", b"{}")]);
    assert_eq!(server.fetch().unwrap(), b"{}");
    let server = Server::answering(vec![unwell(), unwell(), answer("200 OK", "", b"{}")]);
    assert_eq!(server.fails(), (Error::Failed(503), 2));
}

#[test]
fn a_connection_that_breaks_is_tried_twice() {
    let half = || b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{".to_vec();
    for broken in [Vec::new(), half()] {
        let server = Server::answering(vec![broken.clone(), answer("200 OK", "", b"{}")]);
        assert_eq!(server.fetch().unwrap(), b"{}");
        let (error, requests) = Server::answering(vec![broken.clone(), broken]).fails();
        assert!(matches!(error, Error::Unreachable(_)), "{error}");
        assert_eq!(requests, 2);
    }
}

#[test]
fn a_redirect_is_not_followed() {
    let elsewhere = Server::answering(vec![answer("200 OK", "", b"{}")]);
    let location = format!("Location: {}/elsewhere\r\n", elsewhere.endpoint);
    for (status, number) in [("301 Moved", 301), ("302 Found", 302), ("307 Temporary Redirect", 307)] {
        let server = Server::answering(vec![answer(status, &location, b"")]);
        assert_eq!(server.fails(), (Error::Failed(number), 1));
    }
    assert!(elsewhere.requests.try_recv().is_err(), "the redirect was followed");
}

#[test]
fn other_answers_are_no_payload() {
    for (status, number) in [("204 No Content", 204), ("206 Partial Content", 206)] {
        assert_eq!(Server::answering(vec![answer(status, "", b"")]).fails(), (Error::Failed(number), 1));
    }
    let (error, requests) = Server::answering(vec![b"SSH-2.0-c0ffee\r\n\r\n".to_vec()]).fails();
    assert_eq!((error, requests), (Error::Garbled, 1));
}

#[test]
fn who_never_answers_is_not_waited_for() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let start = Instant::now();
    let error =
        fetch(Duration::from_millis(300), &format!("http://{}", listener.local_addr().unwrap())).unwrap_err();
    assert_eq!(error, Error::TimedOut);
    assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
}

#[test]
fn who_answers_in_drops_is_not_waited_for() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        let mut stream = listener.accept().unwrap().0;
        read_request(&mut stream);
        let mut drops = unannounced(b"").into_iter().chain(std::iter::repeat(b' '));
        while stream.write_all(&[drops.next().unwrap()]).is_ok() {
            thread::sleep(Duration::from_millis(1));
        }
    });
    let start = Instant::now();
    assert_eq!(fetch(Duration::from_millis(300), &endpoint).unwrap_err(), Error::TimedOut);
    assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
}

#[test]
fn who_cannot_be_reached_is_named_with_the_reason() {
    let endpoint = {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        format!("http://{}", listener.local_addr().unwrap())
    };
    let text = fetch(BUDGET, &endpoint).unwrap_err().to_string();
    let refused = std::io::Error::from(ErrorKind::ConnectionRefused).to_string();
    assert!(text.to_lowercase().contains(&refused), "{text}");
    assert!(text.contains("gateway endpoint"), "{text}");
}

#[test]
fn only_a_port_of_this_machine_stands_in_for_amazon_s3() {
    for endpoint in [
        "http://localhost:80",
        "http://127.0.0.2:80",
        "http://127.0.0.1",
        "http://127.0.0.1:",
        "http://127.0.0.1:80/",
        "http://127.0.0.1:80@evil.com",
        "http://127.0.0.1:65536",
        "http://127.0.0.1.evil.com:80",
        "https://127.0.0.1:443",
        "127.0.0.1:80",
        " ",
    ] {
        assert_eq!(fetch(BUDGET, endpoint), Err(Error::TestEndpoint), "{endpoint}");
    }
}

#[test]
fn a_test_endpoint_makes_no_address_good() {
    let server = Server::answering(vec![answer("200 OK", "", b"{}")]);
    let endpoint = OsStr::new(&server.endpoint);
    let fetched = fetch_within(BUDGET, "https://evil.com/the-path?c0ffee", Some(endpoint));
    assert_eq!(fetched, Err(Error::NotS3("evil.com".into())));
    assert!(server.requests.try_recv().is_err(), "it was asked");
}

#[test]
fn amazon_s3_is_known_by_its_names() {
    for host in [
        "s3.amazonaws.com",
        "bucket.s3.amazonaws.com",
        "s3-external-1.amazonaws.com",
        "s3.eu-west-1.amazonaws.com",
        "bucket.s3.eu-west-1.amazonaws.com",
        "bucket.s3.ap-southeast-7.amazonaws.com",
        "bucket.with.dots.s3.us-east-1.amazonaws.com",
        "us-east-1.s3.eu-west-1.amazonaws.com",
        "s3.s3.eu-west-1.amazonaws.com",
        "s3-eu-west-1.amazonaws.com",
        "bucket.s3-eu-west-1.amazonaws.com",
        "s3.s3-eu-west-1.amazonaws.com",
        "s3.dualstack.us-west-2.amazonaws.com",
        "bucket.s3.dualstack.us-west-2.amazonaws.com",
        "bucket.s3-fips.us-east-2.amazonaws.com",
        "bucket.s3-fips.dualstack.us-gov-west-1.amazonaws.com",
        "bucket.s3.us-gov-east-1.amazonaws.com",
        "bucket.s3.cn-northwest-1.amazonaws.com.cn",
        "bucket.s3.dualstack.cn-north-1.amazonaws.com.cn",
        "bucket.s3.eusc-de-east-1.amazonaws.eu",
        "bucket.s3.us-iso-east-1.c2s.ic.gov",
        "bucket.s3.us-isob-east-1.sc2s.sgov.gov",
        "bucket.s3.eu-isoe-west-1.cloud.adc-e.uk",
        "bucket.s3.us-isof-south-1.csp.hci.ic.gov",
        "Bucket.S3.EU-West-1.AmazonAWS.com",
    ] {
        for rest in ["", "/", ":443/key", "/key?X-Amz-Signature=c0ffee", "?query", "/a\\b@c:d"] {
            assert_eq!(check_url(&format!("https://{host}{rest}")), Ok(()), "{host}{rest}");
        }
    }
    assert_eq!(check_url("HTTPS://s3.amazonaws.com/"), Ok(()));
}

#[test]
fn nobody_else_is_taken_for_amazon_s3() {
    for host in [
        "evil.com",
        "s3",
        "amazonaws.com",
        "localhost",
        // Hosts of others that look alike.
        "s3.amazonaws.com.evil.com",
        "s3.amazonaws.com.cn.evil.com",
        "evils3.amazonaws.com",
        "s3.evilamazonaws.com",
        "s3amazonaws.com",
        "s3.eu-west-1.amazonaws.co",
        "s3.eu-west-1.amazonaws.com.eu",
        // Hosts of Amazon's that are not S3, some of which anybody can have.
        "x.execute-api.us-east-1.amazonaws.com",
        "s3.execute-api.us-east-1.amazonaws.com",
        "s3.us-east-1.elb.amazonaws.com",
        "ec2-1-2-3-4.compute-1.amazonaws.com",
        "s3.compute-1.amazonaws.com",
        "evil.amazonaws.com",
        "s3.evil.amazonaws.com",
        "s3-evil.amazonaws.com",
        "s3.dualstack.amazonaws.com",
        "s3.dualstack.evil.amazonaws.com",
        "s3.dualstack.dualstack.us-east-1.amazonaws.com",
        "s3-fips.amazonaws.com",
        // Other names of S3's.
        "bucket.s3-website-us-east-1.amazonaws.com",
        "bucket.s3-website.eu-central-1.amazonaws.com",
        "bucket.s3-accelerate.amazonaws.com",
        "bucket.s3-accelerate.dualstack.amazonaws.com",
        "point-123456789012.s3-accesspoint.us-west-2.amazonaws.com",
        "alias.mrap.accesspoint.s3-global.amazonaws.com",
        "point-123456789012.s3-object-lambda.us-west-2.amazonaws.com",
        "123456789012.s3-control.us-west-2.amazonaws.com",
        "point-123456789012.outpost.s3-outposts.us-west-2.amazonaws.com",
        "bucket--use1-az4--x-s3.s3express-use1-az4.us-east-1.amazonaws.com",
        "bucket.vpce-1a2b.s3.us-east-1.vpce.amazonaws.com",
        // Hosts that are not names.
        "127.0.0.1",
        "169.254.169.254",
        "[::1]",
        "[fd00:ec2::254]",
        "0x7f000001",
        "2130706433",
        // Names in other spellings.
        "s3.amazonaws.com.",
        "s3.eu-west-1.amazonaws.com.",
        ".s3.amazonaws.com",
        "bucket..s3.amazonaws.com",
        "bucket_1.s3.amazonaws.com",
        "s3..amazonaws.com",
        "s3.-.amazonaws.com",
        "s3.eu-west-.amazonaws.com",
        "s3.eu--1.amazonaws.com",
        "s3.%65u-west-1.amazonaws.com",
    ] {
        let url = format!("https://{host}/the-path?X-Amz-Signature=c0ffee");
        let error = check_url(&url).unwrap_err();
        assert!(matches!(error, Error::NotS3(_) | Error::NotHttps), "{host}: {error}");
        assert!(!error.to_string().contains("the-path") && !error.to_string().contains("c0ffee"), "{error}");
    }
    let error = check_url("https://s3.amazonaws.com.evil.com/the-path").unwrap_err();
    assert_eq!(
        error.to_string(),
        "The address of the payload leads to `s3.amazonaws.com.evil.com`, which is not Amazon S3."
    );
}

#[test]
fn an_address_has_no_user_and_no_port() {
    for url in [
        "https://user@s3.amazonaws.com/",
        "https://user:c0ffee@s3.amazonaws.com/",
        "https://@s3.amazonaws.com/",
        "https://s3.amazonaws.com:80/",
        "https://s3.amazonaws.com:8443/",
        "https://s3.amazonaws.com:0443/",
        "https://s3.amazonaws.com:/",
    ] {
        let error = check_url(url).unwrap_err();
        assert!(matches!(error, Error::NotPlain | Error::NotHttps), "{url}: {error}");
        assert!(!error.to_string().contains("c0ffee"), "{error}");
    }
    let is_elsewhere = Err(Error::NotS3("evil.com".into()));
    assert_eq!(check_url("https://s3.amazonaws.com@evil.com/"), is_elsewhere);
    assert_eq!(check_url("https://s3.amazonaws.com:443@evil.com/"), is_elsewhere);
}

#[test]
fn what_is_no_https_url_is_not_asked() {
    for url in [
        "",
        " ",
        "/the-path",
        "s3.amazonaws.com",
        "//s3.amazonaws.com/",
        "http://s3.amazonaws.com/",
        "ftp://s3.amazonaws.com/",
        "file:///etc/passwd",
        "s3://bucket/key",
        "https:///the-path",
        "https:s3.amazonaws.com",
        " https://s3.amazonaws.com/",
        "https://s3.amazonaws.com/ HTTP/1.1\r\nHost: evil.com",
        "https://s3.amazonaws.com\\@evil.com/",
        "https://evil.com\\.s3.amazonaws.com/",
        "https://evil.com\t.s3.amazonaws.com/",
        "https://s3.amazonaws.com\0.evil.com/",
        "https://s3.amazonaws\u{ff0e}com/",
    ] {
        let error = check_url(url).unwrap_err();
        assert_eq!(error, Error::NotHttps, "{url}");
    }
}
