//! Attacks on TLS and HTTP/1.1.

use std::{io, time::Duration};

use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpStream,
    task::JoinSet,
};

use super::siege::{Attack, withstands};
use crate::faults::is_full;

/// The first bytes of a handshake that announces more.
const HALF_A_HELLO: [u8; 11] = [22, 3, 1, 2, 0, 1, 0, 1, 252, 3, 3];

async fn tcp(attack: &Attack) -> io::Result<TcpStream> {
    TcpStream::connect(("127.0.0.1", attack.port_base)).await
}

/// Writes for as long as the other side takes it, and reads whatever it says.
pub(super) async fn pour(stream: impl AsyncRead + AsyncWrite, attack: &Attack, begin: &[u8], bytes: &[u8], each: u64) {
    let (mut reading, mut writing) = tokio::io::split(stream);
    let read = async {
        let mut buffer = [0; 16 * 1024];
        while reading.read(&mut buffer).await.is_ok_and(|read| read > 0) {}
    };
    let write = async {
        if writing.write_all(begin).await.is_err() {
            return;
        }
        while attack.goes_on() && writing.write_all(bytes).await.is_ok() && writing.flush().await.is_ok() {
            attack.did(each);
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        () = read => {}
        () = write => {}
    }
}

#[test]
fn handshakes() {
    withstands(100, |attack| {
        attack.again_and_again(16, |attack| async move {
            if attack.caller.stream("h2").await.is_ok() {
                attack.did(1);
            }
        })
    });
}

#[test]
fn handshakes_that_are_given_up_when_the_server_has_done_its_part() {
    withstands(300, |attack| {
        attack.again_and_again(16, |attack| async move {
            let hello = attack.caller.hello();
            for _ in 0..20 {
                let Ok(mut stream) = tcp(&attack).await else { return };
                // Its certificate and signature came: it did the work.
                if stream.write_all(&hello).await.is_ok()
                    && stream.read(&mut [0; 4096]).await.is_ok_and(|read| read > 0)
                {
                    attack.did(1);
                }
            }
        })
    });
}

#[test]
fn handshakes_that_stop_in_the_middle() {
    withstands(1_000, |attack| {
        attack.again_and_again(64, |attack| async move {
            let mut held = Vec::new();
            for _ in 0..40 {
                let Ok(mut stream) = tcp(&attack).await else { return };
                if stream.write_all(&HALF_A_HELLO).await.is_ok() {
                    attack.did(1);
                }
                held.push(stream);
            }
            tokio::time::sleep(Duration::from_millis(500)).await;
        })
    });
}

#[test]
fn handshakes_that_are_none() {
    withstands(100, |attack| {
        attack.again_and_again(16, |attack| async move {
            let Ok(mut stream) = tcp(&attack).await else { return };
            let noise: Vec<u8> = (0..4_096_u32).map(|n| n.wrapping_mul(2_654_435_761).to_be_bytes()[0]).collect();
            if stream.write_all(&noise).await.is_ok() {
                attack.did(1);
            }
            drop(stream.read(&mut [0; 64]).await);
        })
    });
}

#[test]
fn ten_thousand_connections_that_say_nothing() {
    withstands(10_000, async |attack| {
        let mut held = Vec::new();
        while held.len() < 10_000 {
            held.push(tcp(&attack).await.expect("a place in the queue"));
            attack.did(1);
        }
        attack.end().await;
    });
}

#[test]
fn ten_thousand_idle_connections_of_one_certificate() {
    // Handshakes are the callers' work as well as ours: all of them in the long form only.
    let (number, at_once) = if is_full() { (10_000, 64) } else { (2_500, 32) };
    withstands(number, async |attack| {
        let mut all = JoinSet::new();
        for _ in 0..at_once {
            let attack = attack.clone();
            all.spawn(async move {
                let mut held = Vec::new();
                for _ in 0..=number / at_once {
                    held.extend(attack.caller.stream("http/1.1").await.ok());
                    attack.did(1);
                }
                held
            });
        }
        let held = all.join_all().await;
        attack.end().await;
        drop(held);
    });
}

#[test]
fn heads_that_come_byte_by_byte() {
    withstands(2_000, |attack| {
        attack.again_and_again(300, |attack| async move {
            let Ok(mut stream) = attack.caller.stream("http/1.1").await else { return };
            for byte in b"POST /v1/queries HTTP/1.1\r\nX-Slow: 1\r\nX-Slow: 2\r\nX-Slow: 3\r\n" {
                if stream.write_all(&[*byte]).await.is_err() {
                    return;
                }
                attack.did(1);
                tokio::time::sleep(Duration::from_millis(60)).await;
            }
        })
    });
}

#[test]
fn heads_that_come_byte_by_byte_at_the_public_s_door() {
    withstands(2_000, |attack| {
        attack.again_and_again(600, |attack| async move {
            let Ok(mut stream) = TcpStream::connect(("127.0.0.1", attack.port_base + 3)).await else { return };
            for byte in b"GET /checkpoint HTTP/1.1\r\nX-Slow: 1\r\nX-Slow: 2\r\nX-Slow: 3\r\n" {
                if stream.write_all(&[*byte]).await.is_err() {
                    return;
                }
                attack.did(1);
                tokio::time::sleep(Duration::from_millis(60)).await;
            }
        })
    });
}

#[test]
fn heads_without_an_end() {
    withstands(100, |attack| {
        attack.again_and_again(16, |attack| {
            let line = format!("X-{}: {}\r\n", "n".repeat(100), "v".repeat(4_000));
            async move {
                let Ok(stream) = attack.caller.stream("http/1.1").await else { return };
                pour(stream, &attack, b"POST /v1/queries HTTP/1.1\r\n", line.repeat(4).as_bytes(), 1).await;
            }
        })
    });
}

#[test]
fn requests_whose_answers_nobody_reads() {
    withstands(1_000, |attack| {
        attack.again_and_again(16, |attack| async move {
            let Ok(mut stream) = attack.caller.stream("http/1.1").await else { return };
            let request = "POST /v1/queries HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}".repeat(100);
            while attack.goes_on() && stream.write_all(request.as_bytes()).await.is_ok() {
                attack.did(100);
            }
        })
    });
}

#[test]
fn bodies_that_are_far_too_large() {
    withstands(20, |attack| {
        attack.again_and_again(16, |attack| async move {
            let Ok(stream) = attack.caller.stream("http/1.1").await else { return };
            let head = "POST /v1/queries HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 4000000000\r\n\r\n";
            pour(stream, &attack, head.as_bytes(), &[b'x'; 64 * 1024], 1).await;
        })
    });
}

#[test]
fn bodies_that_take_long_to_parse() {
    withstands(100, |attack| {
        attack.again_and_again(8, |attack| async move {
            let Ok(mut connection) = attack.caller.http1().await else { return };
            let deep = format!("{}1{}", "[".repeat(8_000), "]".repeat(8_000));
            let long = format!("{{\"scenario\":1{}}}", "0".repeat(16_000));
            let many = format!("{{{}\"z\":0}}", "\"a\":0,".repeat(2_700));
            for body in [deep, long, many] {
                let headers = [("content-type", "application/json")];
                let request = credit_tests::request(hyper::Method::POST, "/v1/queries", &headers, body);
                match connection.send(request).await {
                    Ok(reply) => assert!(matches!(reply.status.as_u16(), 400 | 429), "{}", reply.text()),
                    Err(_) => return,
                }
                attack.did(1);
            }
        })
    });
}

#[test]
fn crumbs_of_tls() {
    withstands(1_000, |attack| {
        attack.again_and_again(8, |attack| async move {
            let Ok(mut stream) = attack.caller.stream("http/1.1").await else { return };
            // Each byte in a record of its own.
            let request = b"POST /v1/queries HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}";
            for byte in request {
                if stream.write_all(&[*byte]).await.is_err() || stream.flush().await.is_err() {
                    return;
                }
                attack.did(1);
            }
            drop(stream.read(&mut [0; 4096]).await);
        })
    });
}
