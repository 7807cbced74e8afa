use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;

const REPLY: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 10\r\n\r\n{\"id\":123}";

/// What is waited for in a test at the most.
const LIMITS: Limits =
    Limits { connect: Duration::from_secs(5), whole: Duration::from_millis(700), reply_bytes: 100_000 };

fn network(limits: Limits) -> Network {
    // Another test may have done it.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Network::open(Trust::Nobody, limits).expect("opens")
}

/// Answers each connection with one request of its own; tells the port, and how many connections there were.
fn server(answer: impl Fn(&str, TcpStream) + Send + 'static) -> (u16, Arc<AtomicUsize>) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("listens");
    let port = listener.local_addr().expect("has an address").port();
    let count = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&count);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.expect("connects");
            counted.fetch_add(1, Ordering::SeqCst);
            let mut heard = Vec::new();
            let mut piece = [0; 4096];
            while !heard.windows(4).any(|end| end == b"\r\n\r\n") {
                match stream.read(&mut piece) {
                    Ok(0) | Err(_) => break,
                    Ok(read) => heard.extend_from_slice(&piece[..read]),
                }
            }
            answer(&String::from_utf8_lossy(&heard), stream);
        }
    });
    (port, count)
}

fn request(method: &str, port: u16) -> Request<Bytes> {
    let uri = format!("http://127.0.0.1:{port}/v1/renew?key=hidden&b=%7E");
    Request::builder().method(method).uri(uri).body(Bytes::from_static(b"{}")).expect("is a request")
}

fn send(network: &Network, request: Request<Bytes>) -> Result<Response<Bytes>, SendError> {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("starts").block_on(network.send(request))
}

/// Whether an error says that the request may have been sent; nothing secret is in it.
fn is_lost(result: Result<Response<Bytes>, SendError>) -> bool {
    let error = result.expect_err("is no reply");
    assert!(!error.to_string().contains("hidden"), "{error}");
    matches!(error, SendError::Lost(_))
}

#[test]
fn a_whole_reply_is_given_as_it_came() {
    let (port, count) = server(|heard, mut stream| {
        assert!(heard.starts_with("POST /v1/renew?key=hidden&b=%7E HTTP/1.1\r\n"), "{heard}");
        assert!(heard.to_lowercase().contains(&format!("user-agent: {USER_AGENT}\r\n")), "{heard}");
        stream.write_all(REPLY).expect("answers");
    });
    let reply = send(&network(LIMITS), request("POST", port)).expect("is answered");
    assert_eq!((reply.status().as_u16(), reply.body().as_ref()), (200, b"{\"id\":123}".as_slice()));
    assert_eq!(reply.headers()["content-type"], "application/json");
    assert_eq!(count.load(Ordering::SeqCst), 1);
}

#[test]
fn what_met_no_connection_was_never_sent() {
    let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("listens").local_addr().expect("is bound").port();
    let error = send(&network(LIMITS), request("POST", free)).expect_err("nobody listens there any more");
    assert!(matches!(&error, SendError::NeverSent(why) if !why.contains("hidden")), "{error}");
    // Finding out that nobody has a name may take longer than anybody waits for a connection.
    let hasty = Limits { connect: Duration::from_millis(300), whole: Duration::from_secs(30), ..LIMITS };
    let nameless = Request::builder().method("POST").uri("http://nobody.invalid/").body(Bytes::new());
    let error = send(&network(hasty), nameless.expect("is a request")).expect_err("has no address");
    assert!(matches!(error, SendError::NeverSent(_)), "{error}");
    // A server that speaks no TLS is not who it should be.
    let (port, _) = server(|_, mut stream| {
        let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n");
    });
    let trustless = Request::builder().method("POST").uri(format!("https://127.0.0.1:{port}/")).body(Bytes::new());
    let error = send(&network(hasty), trustless.expect("is a request")).expect_err("is not trusted");
    assert!(matches!(error, SendError::NeverSent(_)), "{error}");
}

#[test]
fn a_reply_that_is_cut_anywhere_leaves_it_open_what_happened() {
    for cut in [0, 1, 8, 17, 40, REPLY.len() - 11, REPLY.len() - 10, REPLY.len() - 5, REPLY.len() - 1] {
        for method in ["GET", "POST"] {
            let (port, count) = server(move |_, mut stream| {
                let _ = stream.write_all(&REPLY[..cut]);
                let _ = stream.shutdown(Shutdown::Both);
            });
            assert!(is_lost(send(&network(LIMITS), request(method, port))), "{method} cut after {cut} bytes");
            assert_eq!(count.load(Ordering::SeqCst), 1, "{method} cut after {cut} bytes was sent again");
        }
    }
}

#[test]
fn what_takes_too_long_or_is_too_long_leaves_it_open_what_happened() {
    let (silent, _) = server(|_, stream| {
        std::thread::spawn(move || {
            std::thread::park_timeout(Duration::from_secs(20));
            drop(stream);
        });
    });
    assert!(is_lost(send(&network(LIMITS), request("POST", silent))));
    let patient = Limits { whole: Duration::from_secs(30), ..LIMITS };
    for head in ["HTTP/1.1 200 OK\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 100001\r\n\r\n"] {
        let (huge, _) = server(move |_, mut stream| {
            let _ = stream.write_all(head.as_bytes());
            let _ = stream.write_all(&vec![b'x'; 100_001]);
        });
        let error = send(&network(patient), request("POST", huge)).expect_err("is too long");
        assert!(matches!(&error, SendError::Lost(why) if why.contains("longer than 100000 bytes")), "{error}");
    }
    let (large, _) = server(|_, mut stream| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n");
        let _ = stream.write_all(&vec![b'x'; 100_000]);
    });
    assert_eq!(send(&network(patient), request("POST", large)).expect("just fits").body().len(), 100_000);
}

#[test]
fn a_redirect_is_an_answer_and_is_not_followed() {
    let (port, count) = server(|_, mut stream| {
        let _ = stream.write_all(b"HTTP/1.1 307 Moved\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n");
    });
    let reply = send(&network(LIMITS), request("POST", port)).expect("is answered");
    assert_eq!((reply.status().as_u16(), count.load(Ordering::SeqCst)), (307, 1));
}

#[test]
fn what_acts_never_takes_a_connection_that_was_kept() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("listens");
    let port = listener.local_addr().expect("has an address").port();
    let count = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&count);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.expect("connects");
            counted.fetch_add(1, Ordering::SeqCst);
            std::thread::spawn(move || {
                let mut piece = [0; 4096];
                // A request a read: they are small, and the next one comes after the answer.
                while stream.read(&mut piece).is_ok_and(|read| read > 0) {
                    let _ = stream.write_all(REPLY);
                }
            });
        }
    });
    let network = network(LIMITS);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("starts");
    for (method, connections) in [("GET", 1), ("GET", 1), ("POST", 2), ("POST", 3), ("GET", 3)] {
        let bare = Request::builder().method(method).uri(format!("http://127.0.0.1:{port}/")).body(Bytes::new());
        runtime.block_on(network.send(bare.expect("is a request"))).expect("is answered");
        assert_eq!(count.load(Ordering::SeqCst), connections, "{method}");
    }
}

#[test]
fn an_address_that_would_be_rewritten_is_not_sent() {
    for target in ["/v1/../me", "/me?a='b'"] {
        let request = Request::builder().uri(format!("http://127.0.0.1:1{target}")).body(Bytes::new());
        let error = exact(request.expect("is a request")).expect_err(target);
        assert_eq!(error, SendError::NeverSent("its address cannot be sent as it is written".to_owned()));
    }
    for target in ["", "/", "/v1?a=%27b%27&c=d%20e", "/%7Ex", "/a//b?"] {
        let request = Request::builder().uri(format!("http://127.0.0.1:80{target}")).body(Bytes::new());
        assert!(exact(request.expect("is a request")).is_ok(), "{target}");
    }
}
