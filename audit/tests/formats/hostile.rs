//! Texts that are almost right.

use credit_audit::checkpoint::{Checkpoint, CheckpointError};
use credit_audit::merkle::{self, InvalidProof, leaf_hash};
use credit_audit::note::{self, NoteError, VerifierKey, VerifierKeyError};
use credit_audit::proof::{Proof, ProofError};
use credit_audit::tile::{self, BundleError, TileKind, TileName};
use credit_audit::verify;

use crate::logs::{Log, leaf_of};

#[test]
fn every_bit_of_a_receipt_counts() {
    let log = Log::of_sizes(&[11]);
    let good = log.receipt(6).into_bytes();
    let leaf = leaf_of(6);
    for bit in 0..good.len() * 8 {
        let mut bad = good.clone();
        bad[bit / 8] ^= 1 << (bit % 8);
        let holds = String::from_utf8(bad).is_ok_and(|bad| verify::receipt(&bad, &leaf, &log.key).is_ok());
        assert!(!holds, "bit {bit}");
    }
    for bit in 0..leaf.len() * 8 {
        let mut bad = leaf.clone();
        bad[bit / 8] ^= 1 << (bit % 8);
        let text = std::str::from_utf8(&good).unwrap();
        assert_eq!(verify::receipt(text, &bad, &log.key), Err(ProofError::Inclusion(InvalidProof::Root)));
    }
    verify::receipt(std::str::from_utf8(&good).unwrap(), &leaf, &log.key).unwrap();
}

#[test]
fn receipts_are_read_strictly() {
    let log = Log::of_sizes(&[300]);
    let good = log.receipt(77);
    let refused = [
        good.replacen("@v1", "@v2", 1),
        good.replacen("index 77", "index 077", 1),
        good.replacen("index 77", "index +77", 1),
        good.replacen("index 77", "index  77", 1),
        good.replacen("index 77", "index 77 ", 1),
        good.replacen("index 77", "Index 77", 1),
        good.replacen("index 77", "index 78", 1),
        good.replacen("index 77", "index 18446744073709551617", 1),
        good.replacen("index 77\n", "", 1),
        good.replacen("index 77\n", "index 77\nextra AAAA\n", 1),
        good.replacen("index 77\n", "extra AAA\nindex 77\n", 1),
        good.replacen("index 77\n", "index 77\n\n", 1),
        good.replace('\n', "\r\n"),
        good.replacen("=\n", "\n", 1),
        good.trim_end().to_owned(),
        format!("{good}\n"),
        format!("\u{feff}{good}"),
        String::new(),
    ];
    for text in refused {
        verify::receipt(&text, &leaf_of(77), &log.key).expect_err(&text);
    }
    let extra = good.replacen("index 77\n", "extra AAAA\nindex 77\n", 1);
    let held = verify::receipt(&extra, &leaf_of(77), &log.key).unwrap();
    assert_eq!(held, (77, log.head()));
    let mut many = Proof::parse(&good).unwrap();
    many.hashes.push([0; 32]);
    assert_eq!(many.verify(&log.hash(77), &log.key), Err(ProofError::Inclusion(InvalidProof::Length)));
    many.hashes.truncate(3);
    assert_eq!(many.verify(&log.hash(77), &log.key), Err(ProofError::Inclusion(InvalidProof::Length)));
}

#[test]
fn notes_are_read_strictly() {
    let log = Log::of_sizes(&[2]);
    let good = log.checkpoint();
    let keys = [log.key.clone()];
    let open = |text: &str| note::open(text, &keys).map(|note| note.text().len());
    let body = log.head().to_text();
    let line = good.strip_prefix(&format!("{body}\n")).unwrap();
    let unknown = "\u{2014} witness.example AAAAAQID\n";
    let cases = [
        (good.replace('\n', "\r\n"), NoteError::ControlCharacter),
        (good.replacen('c', "\u{1}", 1), NoteError::ControlCharacter),
        (good.replacen("/r1", "/r1\t", 1), NoteError::ControlCharacter),
        (good.trim_end().to_owned(), NoteError::Form),
        (body.clone(), NoteError::Form),
        (format!("{body}\n"), NoteError::Form),
        (format!("{good}\n"), NoteError::Form),
        (format!("{good} "), NoteError::Form),
        (good.replacen('\u{2014}', "-", 1), NoteError::SignatureLine(1)),
        (good.replacen("\u{2014} ", "\u{2014}  ", 1), NoteError::SignatureLine(1)),
        (format!("{body}\n{}", line.replace("=\n", "\n")), NoteError::SignatureLine(1)),
        (format!("{body}\n{}", line.replace("=\n", "==\n")), NoteError::SignatureLine(1)),
        (
            format!("{body}\n\u{2014} {}", line.split_once(' ').unwrap().1.replace(' ', "  ")),
            NoteError::SignatureLine(1),
        ),
        (format!("{body}\n\u{2014} a+b AAAAAQID\n"), NoteError::SignatureLine(1)),
        (format!("{body}\n\u{2014} a\u{a0}b AAAAAQID\n"), NoteError::SignatureLine(1)),
        (format!("{body}\n\u{2014} witness.example AAAAAQ==\n"), NoteError::SignatureLine(1)),
        (format!("{body}\n{unknown}"), NoteError::Unsigned),
        (format!("x{good}"), NoteError::Signature(log.key.name().to_owned())),
        (format!("{body}\n{}{line}", unknown.repeat(note::MAX_SIGNATURES)), NoteError::TooManySignatures),
        (format!("{body}\n{line}{}", unknown.repeat(note::MAX_SIGNATURES)), NoteError::TooManySignatures),
        ("x".repeat(1_000_001), NoteError::TooLong),
    ];
    for (text, error) in cases {
        assert_eq!(open(&text), Err(error), "{}", text.chars().take(300).collect::<String>());
    }
    // So many signatures are read, unknown ones passed over, and one that is known must hold even after a good one.
    open(&format!("{body}\n{}{line}", unknown.repeat(note::MAX_SIGNATURES - 1))).unwrap();
    let mut forged = line.to_owned();
    let at = forged.len() - 10;
    let other = if &forged[at..=at] == "A" { "B" } else { "A" };
    forged.replace_range(at..=at, other);
    assert!(matches!(open(&format!("{body}\n{line}{forged}")), Err(NoteError::Signature(_))));
    // The same name with another key is unknown.
    let stranger = VerifierKey::new(log.key.name(), [4; 32]).unwrap();
    assert_eq!(note::open(&good, &[stranger]).map(|_| ()), Err(NoteError::Unsigned));
}

#[test]
fn checkpoints_are_read_strictly() {
    let log = Log::of_sizes(&[12]);
    let good = log.head().to_text();
    let (_, root) = good.trim_end().rsplit_once('\n').unwrap();
    let size = |size: &str| CheckpointError::Size(size.to_owned());
    let cases = [
        (good.trim_end().to_owned(), CheckpointError::Form),
        (format!("{good}extension\n"), CheckpointError::Form),
        (format!("{good}\n"), CheckpointError::Form),
        (format!("o\n12\n{root}\n\n"), CheckpointError::Form),
        (format!("\n12\n{root}\n"), CheckpointError::Form),
        ("o\n12\n".to_owned(), CheckpointError::Form),
        (format!("o\n012\n{root}\n"), size("012")),
        (format!("o\n+12\n{root}\n"), size("+12")),
        (format!("o\n-1\n{root}\n"), size("-1")),
        (format!("o\n12 \n{root}\n"), size("12 ")),
        (format!("o\n0x0c\n{root}\n"), size("0x0c")),
        (format!("o\n\u{ff11}\n{root}\n"), size("\u{ff11}")),
        (format!("o\n18446744073709551616\n{root}\n"), size("18446744073709551616")),
        (format!("o\n{}\n{root}\n", "9".repeat(1000)), size(&"9".repeat(24))),
        (format!("o\n12\n{}\n", root.trim_end_matches('=')), CheckpointError::Root),
        (format!("o\n12\n{root}=\n"), CheckpointError::Root),
        ("o\n12\nAAAA\n".to_owned(), CheckpointError::Root),
        (format!("o\n12\n{}\n", root.replace('=', "A")), CheckpointError::Root),
    ];
    for (text, error) in cases {
        assert_eq!(Checkpoint::parse(&text), Err(error), "{text:?}");
    }
    // The last character of 32 bytes in base64 carries two bits that must be zero.
    let mut bent = root.to_owned();
    let last = bent.len() - 2;
    let value = bent.as_bytes()[last];
    bent.replace_range(last..=last, char::from(value + 1).encode_utf8(&mut [0; 4]));
    assert_eq!(Checkpoint::parse(&format!("o\n12\n{bent}\n")), Err(CheckpointError::Root));
    assert_eq!(Checkpoint::parse(&format!("o\n18446744073709551615\n{root}\n")).unwrap().size, u64::MAX);
    assert_eq!(Checkpoint::parse(&good).unwrap(), log.head());
}

#[test]
fn verifier_keys_are_read_strictly() {
    let good = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
    let cases = [
        ("", VerifierKeyError::Form),
        ("example.com/foo", VerifierKeyError::Form),
        ("example.com/foo+530d903a", VerifierKeyError::Form),
        ("+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k", VerifierKeyError::Name),
        ("example com+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k", VerifierKeyError::Name),
        ("example.com/foo+530D903A+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k", VerifierKeyError::Id),
        ("example.com/foo+530d903+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k", VerifierKeyError::Id),
        ("example.com/fop+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k", VerifierKeyError::Id),
        ("example.com/foo+530d903a+BOkyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k", VerifierKeyError::Key),
        ("example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U", VerifierKeyError::Key),
        ("example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k\r\n", VerifierKeyError::Key),
        ("example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k\n\n", VerifierKeyError::Key),
    ];
    for (text, error) in cases {
        assert_eq!(VerifierKey::parse(text), Err(error), "{text}");
    }
    assert_eq!(VerifierKey::parse(good).unwrap().to_string(), good);
    assert_eq!(VerifierKey::parse(&format!("{good}\n")).unwrap().to_string(), good);
}

#[test]
fn paths_have_one_spelling() {
    let refused = [
        "",
        "tile",
        "tile/",
        "tile/0",
        "tile/0/",
        "tile/0/0",
        "tile/0/00",
        "tile/0/1000",
        "tile/0/x001",
        "tile/0/001/002",
        "tile/0/x001/x002",
        "tile/0/x000/001",
        "tile/0/X001/002",
        "tile/00/000",
        "tile/+1/000",
        "tile/64/000",
        "tile/-1/000",
        "tile/256/000",
        "tile/0/000.p",
        "tile/0/000.p/",
        "tile/0/000.p/0",
        "tile/0/000.p/256",
        "tile/0/000.p/007",
        "tile/0/000.p/+7",
        "tile/0/000.p/7/8",
        "tile/0/000.p/7.p/7",
        "tile/0/ 00",
        "tile/0/000 ",
        "tile/0/\u{ff10}00",
        "/tile/0/000",
        "tile//000",
        "tile/0/../000",
        "tile/entries",
        "tile/data/000",
        "tile/0/x999/x999/x999/x999/x999/x999/x999/999",
        "tile/8/0/000",
    ];
    for path in refused {
        assert_eq!(tile::parse_path(path), None, "{path}");
    }
    let cases = [
        (TileKind::Hashes(0), 0, 256, "tile/0/000"),
        (TileKind::Hashes(0), 999, 1, "tile/0/999.p/1"),
        (TileKind::Hashes(1), 1000, 256, "tile/1/x001/000"),
        (TileKind::Hashes(63), 1_234_067, 255, "tile/63/x001/x234/067.p/255"),
        (TileKind::Entries, 1_234_067, 256, "tile/entries/x001/x234/067"),
        (TileKind::Entries, u64::MAX, 12, "tile/entries/x018/x446/x744/x073/x709/x551/615.p/12"),
    ];
    for (kind, index, width, path) in cases {
        let name = TileName { kind, index, width };
        assert_eq!(name.path(), path);
        assert_eq!(tile::parse_path(path), Some(name));
    }
}

#[test]
fn bundles_are_framed() {
    let longest = vec![b'x'; 65_535];
    let mut bundle = Vec::new();
    tile::push_entry(&mut bundle, b"").unwrap();
    tile::push_entry(&mut bundle, &longest).unwrap();
    assert_eq!(tile::push_entry(&mut bundle, &[0; 65_536]), Err(BundleError::TooLong(65_536)));
    assert_eq!(bundle.len(), 2 + 2 + 65_535);
    let entries: Vec<_> = tile::entries(&bundle).map(Result::unwrap).collect();
    assert_eq!(entries, [b"" as &[u8], &longest]);
    for cut in [1, 3, 4, 100, bundle.len() - 1] {
        let last = tile::entries(&bundle[..cut]).last().unwrap();
        assert_eq!(last, Err(BundleError::CutShort), "{cut}");
    }
}

#[test]
fn proofs_outside_the_tree_are_refused() {
    let log = Log::of_sizes(&[7]);
    let (tree, root) = (log.tree(), log.head().root);
    merkle::inclusion_proof(7, 7, &tree).unwrap_err();
    merkle::inclusion_proof(0, 0, &tree).unwrap_err();
    merkle::consistency_proof(8, 7, &tree).unwrap_err();
    assert_eq!(merkle::verify_inclusion(7, 7, &log.hash(6), &[], &root), Err(InvalidProof::Outside));
    assert_eq!(merkle::verify_inclusion(0, 0, &log.hash(6), &[], &root), Err(InvalidProof::Outside));
    let verify = |old, new, old_root: &_, proof: &[_]| merkle::verify_consistency(old, new, old_root, &root, proof);
    assert_eq!(verify(8, 7, &root, &[]), Err(InvalidProof::Outside));
    assert_eq!(verify(7, 7, &[0; 32], &[]), Err(InvalidProof::Root));
    assert_eq!(verify(7, 7, &root, &[[0; 32]]), Err(InvalidProof::Length));
    assert_eq!(verify(0, 7, &[0; 32], &[]), Err(InvalidProof::Root));
    assert_eq!(verify(0, 7, &merkle::empty_root(), &[[0; 32]]), Err(InvalidProof::Length));
    assert_eq!(verify(0, 7, &merkle::empty_root(), &[]), Ok(()));
    for old in 1..7 {
        let mut before = Log::new();
        before.leaves = log.leaves[..old].to_vec();
        let (old, old_root) = (old as u64, before.head().root);
        let proof = merkle::consistency_proof(old, 7, &tree).unwrap();
        assert_eq!(verify(old, 7, &old_root, &proof), Ok(()));
        assert_eq!(verify(old, 7, &old_root, &[]), Err(InvalidProof::Length));
        assert_eq!(verify(old, 7, &leaf_hash(b""), &proof), Err(InvalidProof::Root));
        let longer = [&proof[..], &[[0; 32]]].concat();
        assert_eq!(verify(old, 7, &old_root, &longer), Err(InvalidProof::Length));
        for at in 0..proof.len() {
            let mut bent = proof.clone();
            bent[at][7] ^= 1;
            assert_eq!(verify(old, 7, &old_root, &bent), Err(InvalidProof::Root), "{old}, hash {at}");
        }
    }
}
