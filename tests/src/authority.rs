//! A certificate authority of a test's own, whose key is at hand: certificates and revocation lists by it.

use std::{fs, time::Duration};

use credit_audit::clock::{Clock, SystemClock};
use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, CertifiedIssuer, DnType,
    ExtendedKeyUsagePurpose, IsCa, KeyIdMethod, KeyPair, KeyUsagePurpose, RevokedCertParams, SerialNumber,
    date_time_ymd,
};

use crate::Folder;

const DAY_S: i64 = 86_400;

/// A moment so many seconds from now, in rcgen's own type (of a crate that is no dependency of ours).
macro_rules! from_now {
    ($seconds:expr) => {
        date_time_ymd(1970, 1, 1)
            + Duration::from_secs(SystemClock::new().now().as_second().saturating_add($seconds).unsigned_abs())
    };
}

/// An authority, valid for some months: gateways of some tests have a clock that is ahead.
pub struct Authority {
    name: String,
    issuer: CertifiedIssuer<'static, KeyPair>,
}

/// A certificate that is wished for.
pub struct Wish<'a> {
    /// Its common name.
    pub name: &'a str,
    /// By which it can be revoked.
    pub serial: u8,
    /// From when to when it is valid, in seconds from now.
    pub valid_s: (i64, i64),
    /// What it may be used for.
    pub purpose: ExtendedKeyUsagePurpose,
}

impl<'a> Wish<'a> {
    /// Of a caller, valid for two days around now.
    #[must_use]
    pub fn caller(name: &'a str, serial: u8) -> Self {
        Self { name, serial, valid_s: (-DAY_S, DAY_S), purpose: ExtendedKeyUsagePurpose::ClientAuth }
    }
}

fn params(name: &str, usages: Vec<KeyUsagePurpose>) -> CertificateParams {
    let mut params = CertificateParams::new([]).expect("no names");
    params.distinguished_name.push(DnType::CommonName, name);
    (params.not_before, params.not_after) = (from_now!(-10 * DAY_S), from_now!(160 * DAY_S));
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = usages;
    params
}

impl Authority {
    /// One of this name, with a new key.
    #[must_use]
    pub fn new(name: &str) -> Self {
        let key = KeyPair::generate().expect("a key");
        let usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let issuer = CertifiedIssuer::self_signed(params(name, usages), key).expect("an authority");
        Self { name: name.to_owned(), issuer }
    }

    /// An authority that this one certified, with a new key.
    #[must_use]
    pub fn authority(&self, name: &str, serial: u8) -> Self {
        let usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let mut params = params(name, usages);
        params.serial_number = Some(SerialNumber::from_slice(&[serial]));
        params.use_authority_key_identifier_extension = true;
        let issuer = CertifiedIssuer::signed_by(params, KeyPair::generate().expect("a key"), &self.issuer);
        Self { name: name.to_owned(), issuer: issuer.expect("an authority") }
    }

    /// A certificate of the same name and key that does not let it sign lists.
    #[must_use]
    pub fn pem_without_lists(&self) -> String {
        let params = params(&self.name, vec![KeyUsagePurpose::KeyCertSign]);
        params.signed_by(self.issuer.key(), &self.issuer).expect("a certificate").pem()
    }

    /// Its certificate.
    #[must_use]
    pub fn pem(&self) -> String {
        self.issuer.pem()
    }

    /// A certificate and its key.
    #[must_use]
    pub fn certify(&self, wish: &Wish<'_>) -> (String, String) {
        let key = KeyPair::generate().expect("a key");
        (self.certified(wish, &key), key.serialize_pem())
    }

    /// A certificate of this key.
    fn certified(&self, wish: &Wish<'_>, key: &KeyPair) -> String {
        let mut params = CertificateParams::new([]).expect("no names");
        params.distinguished_name.push(DnType::CommonName, wish.name);
        params.serial_number = Some(SerialNumber::from_slice(&[wish.serial]));
        (params.not_before, params.not_after) = (from_now!(wish.valid_s.0), from_now!(wish.valid_s.1));
        params.is_ca = IsCa::ExplicitNoCa;
        params.use_authority_key_identifier_extension = true;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![wish.purpose.clone()];
        params.signed_by(key, &self.issuer).expect("a certificate").pem()
    }

    /// A certificate of a server at these addresses or names, and its key.
    #[must_use]
    pub fn server(&self, names: &[&str]) -> (String, String) {
        let key = KeyPair::generate().expect("a key");
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut params = CertificateParams::new(names).expect("names");
        (params.not_before, params.not_after) = (from_now!(-DAY_S), from_now!(150 * DAY_S));
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        (params.signed_by(&key, &self.issuer).expect("a certificate").pem(), key.serialize_pem())
    }

    /// The revocation list with this number, which is to be followed by the next in so many seconds.
    #[must_use]
    pub fn list(&self, number: u8, revoked: &[u8], next_update_s: i64) -> String {
        let revoked = revoked.iter().map(|serial| RevokedCertParams {
            serial_number: SerialNumber::from_slice(&[*serial]),
            revocation_time: from_now!(-60),
            reason_code: None,
            invalidity_date: None,
        });
        let params = CertificateRevocationListParams {
            this_update: from_now!(next_update_s.min(0) - 60),
            next_update: from_now!(next_update_s),
            crl_number: SerialNumber::from_slice(&[number]),
            issuing_distribution_point: None,
            revoked_certs: revoked.collect(),
            key_identifier_method: KeyIdMethod::Sha256,
        };
        params.signed_by(&self.issuer).expect("a list").pem().expect("PEM")
    }

    /// Makes it the authority of a folder, with certificates of these names below `institutions/`, and this list.
    pub fn take_over(&self, folder: &Folder, wishes: &[Wish<'_>], list: &str) {
        for wish in wishes {
            self.put(folder, wish);
        }
        fs::write(folder.join("own-ca.pem"), self.pem()).expect("written");
        fs::write(folder.join("crl.pem"), list).expect("written");
        folder.replace_in_config("authorities = \"ca.pem\"", "authorities = \"own-ca.pem\"");
    }

    /// Puts a certificate and its key into `institutions/` of a folder.
    pub fn put(&self, folder: &Folder, wish: &Wish<'_>) {
        let (certificate, key) = self.certify(wish);
        fs::write(folder.join(format!("institutions/{}.pem", wish.name)), certificate).expect("written");
        fs::write(folder.join(format!("institutions/{}.key", wish.name)), key).expect("written");
    }

    /// Puts a certificate into `institutions/` of a folder that has the key of another one there.
    pub fn put_with_key_of(&self, folder: &Folder, wish: &Wish<'_>, other: &str) {
        let key = fs::read_to_string(folder.join(format!("institutions/{other}.key"))).expect("a key");
        let certificate = self.certified(wish, &KeyPair::from_pem(&key).expect("a key"));
        fs::write(folder.join(format!("institutions/{}.pem", wish.name)), certificate).expect("written");
        fs::write(folder.join(format!("institutions/{}.key", wish.name)), key).expect("written");
    }
}
