use super::*;
use eventrelay_testing::{Reply, Responder};
use std::io::{Read, Write};

const SECOND: Duration = Duration::from_secs(1);

fn get(url: &Url) -> Request {
    Request::new(Service::YouTube, Method::GET, url.clone(), 5 * SECOND, 1000)
}

/// Answers the first request of the first connection only. The server reads the second request on
/// it and closes the connection silently. Ends with the listener, still open.
fn closes_the_kept_connection(
    connections: usize,
) -> (Url, std::thread::JoinHandle<std::net::TcpListener>) {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap())
        .parse()
        .unwrap();
    let served = std::thread::spawn(move || {
        for connection in 0..connections {
            let (mut stream, _) = listener.accept().unwrap();
            let mut buffer = [0; 4096];
            assert!(stream.read(&mut buffer).unwrap() > 0);
            stream
                .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")
                .unwrap();
            if connection == 0 {
                assert!(stream.read(&mut buffer).unwrap() > 0);
            }
        }
        listener
    });
    (url, served)
}

#[tokio::test]
async fn get_is_retried_once_when_pooled_connection_was_closed() {
    let (url, served) = closes_the_kept_connection(2);
    let client = HttpClient::new().unwrap();
    for _ in 0..2 {
        assert_eq!(client.send(get(&url)).await.unwrap().body, "ok");
    }
    served.join().unwrap();
}

#[tokio::test]
async fn a_post_is_not_sent_twice() {
    let (url, served) = closes_the_kept_connection(1);
    let client = HttpClient::new().unwrap();
    client.send(get(&url)).await.unwrap();
    let post = Request::new(Service::Gemini, Method::POST, url, SECOND, 1000);
    let error = client.send(post).await.unwrap_err();
    assert!(
        matches!(
            error,
            Error::Unavailable {
                service: Service::Gemini,
                ..
            }
        ),
        "{error:?}"
    );
    let listener = served.join().unwrap();
    listener.set_nonblocking(true).unwrap();
    assert!(listener.accept().is_err(), "a second connection was made");
}

#[tokio::test]
async fn a_post_that_is_declared_idempotent_is() {
    let (url, served) = closes_the_kept_connection(2);
    let client = HttpClient::new().unwrap();
    client.send(get(&url)).await.unwrap();
    let post = Request::new(Service::Gemini, Method::POST, url, 5 * SECOND, 1000).idempotent();
    assert_eq!(client.send(post).await.unwrap().status, 200);
    served.join().unwrap();
}

#[tokio::test]
async fn sequential_calls_share_one_connection() {
    let server = Responder::start(|_| Reply::new(200, "ok")).await;
    let client = HttpClient::new().unwrap();
    for _ in 0..10 {
        client.clone().send(get(&server.url)).await.unwrap();
    }
    assert_eq!((server.seen().len(), server.connections()), (10, 1));
    assert!(
        server.seen()[0]
            .header("user-agent")
            .starts_with("eventrelay/")
    );
}

/// Answers every request and then closes its connection without `Connection: close`.
async fn closes_idle_connections() -> Url {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    tokio::spawn(async move {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut buffer = [0; 4096];
            if matches!(stream.read(&mut buffer).await, Ok(read) if read > 0) {
                let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
                let _ = stream.write_all(answer).await;
            }
        }
    });
    url.parse().unwrap()
}

#[tokio::test]
async fn a_server_that_closes_idle_connections_is_not_noticed() {
    let url = closes_idle_connections().await;
    let client = HttpClient::new().unwrap();
    for call in 0..50 {
        let request = match call % 2 {
            0 => get(&url),
            _ => Request::new(Service::Gemini, Method::POST, url.clone(), 5 * SECOND, 100)
                .body(Bytes::from_static(b"{}"))
                .idempotent(),
        };
        assert_eq!(client.send(request).await.unwrap().body, "ok", "{call}");
    }
}

#[tokio::test]
async fn concurrent_calls_wait_for_a_permit_without_timeout() {
    // No request is answered until the maximum number is in flight. One more would be seen at the
    // end.
    let (arrived, gate) = (
        Arc::new(std::sync::atomic::AtomicUsize::new(0)),
        Arc::new(Semaphore::new(0)),
    );
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url: Url = format!("http://{}/", listener.local_addr().unwrap())
        .parse()
        .unwrap();
    let (seen, opened) = (Arc::clone(&arrived), Arc::clone(&gate));
    tokio::spawn(async move {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        while let Ok((mut stream, _)) = listener.accept().await {
            let (seen, opened) = (Arc::clone(&seen), Arc::clone(&opened));
            tokio::spawn(async move {
                let mut buffer = [0; 4096];
                while matches!(stream.read(&mut buffer).await, Ok(read) if read > 0) {
                    seen.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
                    opened.acquire().await.unwrap().forget();
                    let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
                    stream.write_all(answer).await.unwrap();
                }
            });
        }
    });
    let client = HttpClient::new().unwrap();
    let calls = (0..50).map(|_| {
        let (client, request) = (client.clone(), get(&url));
        tokio::spawn(async move { client.send(request).await.map(|answer| answer.body) })
    });
    let calls: Vec<_> = calls.collect();
    let arrivals = || arrived.load(std::sync::atomic::Ordering::SeqCst);
    while arrivals() < POOL {
        tokio::task::yield_now().await;
    }
    for _ in 0..1000 {
        tokio::task::yield_now().await;
    }
    assert_eq!((arrivals(), client.active_connections()), (POOL, POOL));
    gate.add_permits(50);
    for call in calls {
        assert_eq!(call.await.unwrap().unwrap(), "ok");
    }
    assert_eq!((arrivals(), client.active_connections()), (50, 0));
}

/// Returns the result of a response that begins like this and then stalls.
async fn stalled(begun: &'static [u8]) -> Result<Answer, Error> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url: Url = format!("http://{}/", listener.local_addr().unwrap())
        .parse()
        .unwrap();
    tokio::spawn(async move {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut buffer = [0; 4096];
        assert!(stream.read(&mut buffer).await.unwrap() > 0);
        stream.write_all(begun).await.unwrap();
        std::future::pending::<()>().await;
    });
    let client = HttpClient {
        read_timeout: SECOND / 20,
        ..HttpClient::new().unwrap()
    };
    client.send(get(&url)).await
}

#[tokio::test]
async fn a_body_that_stops_in_its_midst_is_given_up() {
    let begun = b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nnot all of it";
    let error = stalled(begun).await.unwrap_err();
    assert!(error.report().contains("does not go on"), "{error:?}");
}

#[tokio::test]
async fn an_error_whose_body_stops_keeps_its_status() {
    let begun = b"HTTP/1.1 429 Too Many Requests\r\nretry-after: 7\r\ncontent-length: 9\r\n\r\n{";
    let answer = stalled(begun).await.unwrap();
    assert_eq!(answer.status, 429);
    assert_eq!(answer.retry_after(), Some(7 * SECOND));
}

#[tokio::test]
async fn nothing_goes_on_beyond_the_deadline() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url: Url = format!("http://{}/", listener.local_addr().unwrap())
        .parse()
        .unwrap();
    let started = Instant::now();
    let client = HttpClient::new().unwrap().until(started + SECOND / 20);
    let error = client.send(get(&url)).await.unwrap_err();
    assert!(matches!(error, Error::Unavailable { .. }), "{error:?}");
    // Waiting for a permit does not either.
    let all = client.pool.acquire_many(POOL as u32).await.unwrap();
    let error = client.send(get(&url)).await.unwrap_err();
    assert!(error.report().contains("no connection"), "{error:?}");
    drop(all);
    assert!(started.elapsed() < 4 * SECOND);
}

#[tokio::test]
async fn a_body_over_the_limit_is_an_error_and_one_at_the_limit_is_not() {
    let server = Responder::start(|seen| {
        Reply::new(
            200,
            "x".repeat(if seen.path == "/over" { 1001 } else { 1000 }),
        )
    })
    .await;
    let client = HttpClient::new().unwrap();
    assert_eq!(
        client.send(get(&server.url)).await.unwrap().body.len(),
        1000
    );
    let error = client
        .send(get(&server.url.join("/over").unwrap()))
        .await
        .unwrap_err();
    assert!(
        matches!(error, Error::UpstreamMalformed { .. }),
        "{error:?}"
    );
}

#[tokio::test]
async fn an_endless_error_body_is_cut_and_keeps_its_status() {
    let server = Responder::start(|_| Reply::new(503, "x".repeat(300_000))).await;
    let answer = HttpClient::new()
        .unwrap()
        .send(get(&server.url))
        .await
        .unwrap();
    assert_eq!(
        (answer.status.as_u16(), answer.body.len()),
        (503, ERROR_BODY_LIMIT)
    );
}

#[tokio::test]
async fn a_redirect_is_an_answer() {
    let server = Responder::start(|_| {
        Reply::new(302, "").header("location", "http://127.0.0.1:1/elsewhere")
    })
    .await;
    let answer = HttpClient::new()
        .unwrap()
        .send(get(&server.url))
        .await
        .unwrap();
    assert_eq!(answer.status, 302);
}

#[tokio::test]
async fn silence_ends_at_the_timeout_and_the_error_hides_the_url() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url: Url = format!(
        "http://{}/?upload_id=SECRET",
        listener.local_addr().unwrap()
    )
    .parse()
    .unwrap();
    let request = Request::new(Service::Gemini, Method::GET, url, SECOND / 20, 10);
    let error = HttpClient::new().unwrap().send(request).await.unwrap_err();
    assert!(matches!(error, Error::Unavailable { .. }), "{error:?}");
    assert!(!format!("{error:?} {}", error.report()).contains("SECRET"));
}

#[tokio::test]
async fn a_refused_connection_is_unavailable() {
    let free = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let url = format!("http://{free}/").parse().unwrap();
    let error = HttpClient::new()
        .unwrap()
        .send(get(&url))
        .await
        .unwrap_err();
    assert_eq!(
        error.disposition(),
        eventrelay_core::error::Disposition::Transient
    );
}

#[test]
fn retry_after_is_seconds_or_a_date_and_never_more_than_a_day() {
    let pause = |retry_after: &str, date: Option<&str>| {
        let mut headers = HeaderMap::new();
        headers.insert(RETRY_AFTER, retry_after.parse().unwrap());
        date.map(|date| headers.insert(DATE, date.parse().unwrap()));
        Answer {
            status: StatusCode::OK,
            headers,
            body: Bytes::new(),
        }
        .retry_after()
    };
    let date = Some("Tue, 24 Nov 2026 08:00:00 GMT");
    assert_eq!(pause("120", None), Some(120 * SECOND));
    assert_eq!(pause("99999999", None), Some(MAX_PAUSE));
    assert_eq!(
        pause("Tue, 24 Nov 2026 08:00:30 GMT", date),
        Some(30 * SECOND)
    );
    assert_eq!(
        pause("Tue, 24 Nov 2026 07:00:00 GMT", date),
        Some(Duration::ZERO)
    );
    assert_eq!(pause("Tue, 24 Nov 2026 08:00:30 GMT", None), None);
    assert_eq!(pause("soon", date), None);
    assert_eq!(pause("-1", date), None);
}

#[test]
fn where_nothing_is_left_the_reset_is_waited_for() {
    let pause = |remaining: &str, reset: &str| {
        let mut headers = HeaderMap::new();
        headers.insert("x-ratelimit-remaining", remaining.parse().unwrap());
        headers.insert("x-ratelimit-reset", reset.parse().unwrap());
        headers.insert(DATE, "Tue, 24 Nov 2026 08:00:00 GMT".parse().unwrap());
        Answer {
            status: StatusCode::FORBIDDEN,
            headers,
            body: Bytes::new(),
        }
        .retry_after()
    };
    // 2026-11-24T08:00:42Z
    assert_eq!(pause("0", "1795507242"), Some(42 * SECOND));
    assert_eq!(pause("0", "1795507000"), Some(Duration::ZERO));
    assert_eq!(pause("1", "1795507242"), None);
    assert_eq!(pause("0", "never"), None);
}

#[test]
fn a_secret_header_is_not_shown() {
    let header = secret_header(&"AIza-secret".into()).unwrap();
    assert!(!format!("{header:?}").contains("AIza"));
    assert!(secret_header(&"new\nline".into()).is_err());
}
