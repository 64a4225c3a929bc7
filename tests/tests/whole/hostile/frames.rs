//! Attacks by frames of HTTP/2.

use std::time::Duration;

use tokio::io::AsyncWriteExt;

use super::{
    floods::pour,
    siege::{Attack, withstands},
    wire::{
        CONTINUATION, DATA, END_HEADERS, END_STREAM, HEADERS, PING, PRIORITY, QUERY, RST_STREAM, SETTINGS,
        WINDOW_UPDATE, begin, block, frame, request,
    },
};

/// Pours the same frames into one connection after the other, sixteen at once.
#[track_caller]
fn flood(least: u64, before: Vec<u8>, frames: Vec<u8>, each: u64) {
    let bytes: &'static [Vec<u8>; 2] = Box::leak(Box::new([before, frames]));
    withstands(least, |attack| {
        attack.again_and_again(16, move |attack| async move {
            let [before, frames] = bytes;
            if let Ok(stream) = attack.caller.stream("h2").await {
                pour(stream, &attack, before, frames, each).await;
            }
        })
    });
}

/// So many frames in a row, for streams one after the other.
fn row(number: u32, one: impl Fn(u32) -> Vec<u8>) -> Vec<u8> {
    (0..number).flat_map(|nr| one(2 * nr + 1)).collect()
}

#[test]
fn pings() {
    flood(1_000, begin(&[]), row(200, |_| frame(PING, 0, 0, &[7; 8])), 200);
}

#[test]
fn settings() {
    // Windows that grow and shrink are the dearest ones: every open stream is looked at.
    let open = row(100, |nr| frame(HEADERS, END_HEADERS, nr, &block(&QUERY)));
    let change = |nr: u32| frame(SETTINGS, 0, 0, &[&[0, 4][..], &(nr % 2 * 65_535).to_be_bytes()].concat());
    let changes = (0..200).flat_map(change).collect();
    flood(1_000, [begin(&[]), open].concat(), changes, 200);
}

#[test]
fn window_updates() {
    let open = frame(HEADERS, END_HEADERS, 1, &block(&QUERY));
    let updates =
        row(100, |_| [frame(WINDOW_UPDATE, 0, 0, &[0, 0, 0, 1]), frame(WINDOW_UPDATE, 0, 1, &[0, 0, 0, 1])].concat());
    flood(1_000, [begin(&[]), open].concat(), updates, 200);
}

#[test]
fn priorities_and_frames_of_no_known_kind() {
    let frames = row(100, |nr| [frame(PRIORITY, 0, nr, &[0, 0, 0, 0, 9]), frame(0xbe, 0xff, nr, &[1; 40])].concat());
    flood(1_000, begin(&[]), frames, 200);
}

#[test]
fn empty_pieces_of_a_body() {
    let open = frame(HEADERS, END_HEADERS, 1, &block(&QUERY));
    flood(1_000, [begin(&[]), open].concat(), row(200, |_| frame(DATA, 0, 1, &[])), 200);
}

#[test]
fn streams_that_are_reset_at_once() {
    let cancel = [0, 0, 0, 8];
    let resets = row(2_000, |nr| [request(nr, b"{}"), frame(RST_STREAM, 0, nr, &cancel)].concat());
    flood(2_000, begin(&[]), resets, 2_000);
}

#[test]
fn streams_that_we_are_made_to_reset() {
    // A window update of nothing is a fault of the stream (RFC 9113 §6.9).
    let faults = row(2_000, |nr| {
        [frame(HEADERS, END_HEADERS, nr, &block(&QUERY)), frame(WINDOW_UPDATE, 0, nr, &[0; 4])].concat()
    });
    flood(2_000, begin(&[]), faults, 2_000);
}

#[test]
fn heads_that_go_on_and_on() {
    let open = frame(HEADERS, 0, 1, &block(&QUERY));
    let more = row(50, |_| frame(CONTINUATION, 0, 1, &block(&[("x", "1234567890")])));
    flood(500, [begin(&[]), open].concat(), more, 50);
}

#[test]
fn heads_that_go_on_with_nothing() {
    let open = frame(HEADERS, 0, 1, &block(&QUERY));
    flood(500, [begin(&[]), open].concat(), row(50, |_| frame(CONTINUATION, 0, 1, &[])), 50);
}

#[test]
fn heads_that_unpack_to_megabytes() {
    // One long value into the table, and then its number again and again, in a byte each.
    let mut bomb = vec![0x40, 1, b'x'];
    let value = "v".repeat(3_500);
    bomb.extend(block(&[("", &value)]).split_off(2));
    bomb.extend([0xbe; 12_000]);
    let heads = row(200, |nr| frame(HEADERS, END_HEADERS | END_STREAM, nr, &bomb));
    flood(200, begin(&[]), heads, 200);
}

#[test]
fn answers_for_which_no_window_opens() {
    let requests = row(100, |nr| request(nr, b"{}"));
    let bytes: &'static [u8] = Box::leak([begin(&[(4, 0)]), requests].concat().into_boxed_slice());
    withstands(1_000, |attack| {
        attack.again_and_again(100, move |attack: Attack| async move {
            let Ok(mut stream) = attack.caller.stream("h2").await else { return };
            if stream.write_all(bytes).await.is_ok() && stream.flush().await.is_ok() {
                attack.did(100);
            }
            tokio::time::sleep(Duration::from_secs(10)).await;
        })
    });
}

#[test]
fn bodies_that_come_byte_by_byte() {
    let heads = row(100, |nr| frame(HEADERS, END_HEADERS, nr, &block(&QUERY)));
    let pieces = row(100, |nr| frame(DATA, 0, nr, b" "));
    let bytes: &'static [Vec<u8>; 2] = Box::leak(Box::new([[begin(&[]), heads].concat(), pieces]));
    withstands(2_000, |attack| {
        attack.again_and_again(25, move |attack| async move {
            let [heads, pieces] = bytes;
            let Ok(mut stream) = attack.caller.stream("h2").await else { return };
            drop(stream.write_all(heads).await);
            while stream.write_all(pieces).await.is_ok() && stream.flush().await.is_ok() {
                attack.did(100);
                tokio::time::sleep(Duration::from_millis(500)).await;
            }
        })
    });
}
