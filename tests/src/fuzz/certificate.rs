//! The identity of a caller: its certificate. The bytes are a certificate in DER; where they begin with [`SIGN`], what
//! follows is a to-be-signed part (RFC 5280 §4.1.2) that the authority signs here.
//!
//! 1. What the authority did not sign does not verify, and the register knows nobody but by the very bytes that were
//!    registered.
//! 2. What verifies is, by another reader of certificates, a certificate of this authority that is in force, for
//!    clients, and not on the revocation list.
//! 3. A thumbprint that is read is written the same.

use std::{
    collections::BTreeMap,
    sync::{Arc, LazyLock},
    time::Duration,
};

use credit_gateway::for_tests::{InstitutionRecord, Limits, Register, Thumbprint, callers_verifier};
use credit_policy::{InstitutionId, InstitutionKind};
use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, CertifiedIssuer, DistinguishedName, DnType,
    ExtendedKeyUsagePurpose, IsCa, KeyIdMethod, KeyPair, KeyUsagePurpose, PKCS_ED25519, RevocationReason,
    RevokedCertParams, SerialNumber, date_time_ymd,
};
use ring::signature::Ed25519KeyPair;
use rustls::{
    pki_types::{CertificateDer, PrivatePkcs8KeyDer, UnixTime},
    server::danger::ClientCertVerifier,
};
use x509_parser::prelude::{FromDer, X509Certificate};

/// What begins a part that is to be signed here; no certificate begins so.
const SIGN: u8 = b'S';
/// 2026-11-22T01:00:00Z, when callers come.
const NOW: u64 = 1_795_309_200;
const BANK: &str = "bank";
const REVOKED: [u8; 4] = [0x5e, 0, 0, 9];

struct Made {
    authority: CertifiedIssuer<'static, KeyPair>,
    revocation_list: Vec<u8>,
    certificates: BTreeMap<&'static str, Vec<u8>>,
}

/// PKCS #8 (RFC 5958, RFC 8410 §7) around a seed of Ed25519.
fn pkcs8(seed: u8) -> Vec<u8> {
    let mut der = vec![0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20];
    der.extend_from_slice(&[seed; 32]);
    der
}

fn key(seed: u8) -> KeyPair {
    let der = PrivatePkcs8KeyDer::from(pkcs8(seed));
    KeyPair::from_pkcs8_der_and_sign_algo(&der, &PKCS_ED25519).expect("a key")
}

static AUTHORITY: LazyLock<Ed25519KeyPair> =
    LazyLock::new(|| Ed25519KeyPair::from_pkcs8_maybe_unchecked(&pkcs8(0x44)).expect("a key"));

static MADE: LazyLock<Made> = LazyLock::new(|| {
    let params = |name: &str| {
        let mut params = CertificateParams::new(Vec::new()).expect("no names");
        params.distinguished_name = DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, name);
        params.not_before = date_time_ymd(2026, 1, 1);
        params.not_after = date_time_ymd(2028, 1, 1);
        params
    };
    let mut of_authority = params("authority");
    of_authority.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    of_authority.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    of_authority.serial_number = Some(SerialNumber::from_slice(&[1]));
    let authority = CertifiedIssuer::self_signed(of_authority, key(0x44)).expect("an authority");
    let mut certificates = BTreeMap::new();
    let rows = [
        (BANK, ExtendedKeyUsagePurpose::ClientAuth, [0x5e, 0, 0, 1]),
        ("server", ExtendedKeyUsagePurpose::ServerAuth, [0x5e, 0, 0, 2]),
        ("revoked", ExtendedKeyUsagePurpose::ClientAuth, REVOKED),
    ];
    for (name, purpose, serial) in rows {
        let mut leaf = params(name);
        leaf.serial_number = Some(SerialNumber::from_slice(&serial));
        leaf.is_ca = IsCa::ExplicitNoCa;
        leaf.use_authority_key_identifier_extension = true;
        leaf.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        leaf.extended_key_usages = vec![purpose];
        let made = leaf.signed_by(&key(serial[3]), &authority).expect("a certificate");
        certificates.insert(name, made.der().to_vec());
    }
    let revocation_list = CertificateRevocationListParams {
        this_update: date_time_ymd(2026, 1, 1),
        next_update: date_time_ymd(2027, 1, 1),
        crl_number: SerialNumber::from_slice(&[1]),
        issuing_distribution_point: None,
        revoked_certs: vec![RevokedCertParams {
            serial_number: SerialNumber::from_slice(&REVOKED),
            revocation_time: date_time_ymd(2026, 1, 1),
            reason_code: Some(RevocationReason::KeyCompromise),
            invalidity_date: None,
        }],
        key_identifier_method: KeyIdMethod::Sha256,
    };
    let revocation_list = revocation_list.signed_by(&authority).expect("a list").der().to_vec();
    Made { authority, revocation_list, certificates }
});

/// The authority's certificate, in DER.
#[must_use]
pub fn authority() -> Vec<u8> {
    MADE.authority.der().to_vec()
}

/// The revocation list, in DER; the certificate `revoked` is on it.
#[must_use]
pub fn revocation_list() -> Vec<u8> {
    MADE.revocation_list.clone()
}

/// The certificates that the authority issued, in DER, by name.
#[must_use]
pub fn certificates() -> BTreeMap<&'static str, Vec<u8>> {
    MADE.certificates.clone()
}

/// The thumbprint of the bank's certificate, as text.
#[must_use]
pub fn thumbprint() -> String {
    bank().to_string()
}

fn bank() -> Thumbprint {
    Thumbprint::of(&MADE.certificates[BANK])
}

static VERIFIER: LazyLock<Arc<dyn ClientCertVerifier>> = LazyLock::new(|| {
    let (authority, list) = (CertificateDer::from(authority()), revocation_list().into());
    callers_verifier(&[authority], list).expect("a verifier")
});

/// A register of one institution.
static REGISTER: LazyLock<Register> = LazyLock::new(|| {
    let register = Register::new(1, 1, 1);
    let bank = InstitutionRecord {
        id: InstitutionId::parse(BANK).expect("an id"),
        kind: InstitutionKind::of_form("bank").expect("a kind"),
        name: None,
        certificates: vec![bank()],
        on_behalf_of: Vec::new(),
        limits: Limits {
            rate_per_s: 1,
            burst: 1,
            distinct_subjects_a_day: 1,
            look_ups_a_person_a_day: 1,
            operator_rate_per_s: None,
            operator_burst: None,
            look_ups_an_operator_a_day: None,
        },
    };
    register.add(&bank).expect("an empty register");
    register
});

pub(super) fn feed(bytes: &[u8]) -> bool {
    if let Some(text) = std::str::from_utf8(bytes).ok()
        && let Some(thumbprint) = Thumbprint::parse(text)
    {
        assert_eq!(thumbprint.to_string(), text);
        return true;
    }
    match bytes.split_first() {
        Some((&SIGN, to_be_signed)) => present(&certificate(to_be_signed), true),
        Some(_) | None => present(bytes, false),
    }
}

/// A certificate of this to-be-signed part, by the authority.
fn certificate(to_be_signed: &[u8]) -> Vec<u8> {
    let mut content = to_be_signed.to_vec();
    // AlgorithmIdentifier of Ed25519, then the signature as a BIT STRING (RFC 8410 §3).
    content.extend_from_slice(&[0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 3, 65, 0]);
    content.extend_from_slice(AUTHORITY.sign(to_be_signed).as_ref());
    let mut der = vec![0x30];
    let length = content.len().to_be_bytes();
    let length = &length[length.iter().take_while(|byte| **byte == 0).count()..];
    match length {
        [length @ 0..0x80] => der.push(*length),
        _ => {
            der.push(0x80 | u8::try_from(length.len()).expect("at most 8"));
            der.extend_from_slice(length);
        }
    }
    der.extend_from_slice(&content);
    der
}

fn present(der: &[u8], signed_here: bool) -> bool {
    let registered = REGISTER.by_certificate(Thumbprint::of(der));
    assert_eq!(registered.is_some(), der == MADE.certificates[BANK], "another certificate is taken for the bank's");
    let now = UnixTime::since_unix_epoch(Duration::from_secs(NOW));
    if VERIFIER.verify_client_cert(&CertificateDer::from(der), &[], now).is_err() {
        return false;
    }
    assert!(
        signed_here || MADE.certificates.values().any(|made| made == der),
        "verified although the authority signed no such bytes"
    );
    // A key that cannot be read is found when the caller signs with it, not yet here.
    let Ok((rest, read)) = X509Certificate::from_der(der) else {
        assert!(signed_here, "a certificate that was issued, and that another reader does not take");
        return false;
    };
    assert!(rest.is_empty());
    let (_, authority) = X509Certificate::from_der(MADE.authority.der()).expect("the authority");
    assert_eq!(read.issuer().as_raw(), authority.subject().as_raw(), "another issuer");
    let seconds = i64::try_from(NOW).expect("it fits");
    assert!(read.validity().not_before.timestamp() <= seconds && read.validity().not_after.timestamp() >= seconds);
    assert_ne!(read.raw_serial(), REVOKED, "on the revocation list");
    let purposes = read.extended_key_usage().expect("one such extension at most");
    assert!(purposes.is_none_or(|purposes| purposes.value.client_auth), "not for clients");
    assert!(!read.is_ca(), "an authority, not a caller");
    true
}
