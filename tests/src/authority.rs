//! An authority of a test's own, whose key is at hand (the demo's is dropped): certificates for whom the demo has none.

use std::fs;

use credit_audit::clock::{Clock, SystemClock};
use jiff::{ToSpan, tz::TimeZone};
use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, CertifiedIssuer, DnType,
    ExtendedKeyUsagePurpose, IsCa, KeyIdMethod, KeyPair, KeyUsagePurpose, RevokedCertParams, SerialNumber,
    date_time_ymd,
};

use crate::Folder;

/// Midnight so many days from today, in rcgen's own type.
fn in_days<T>(days: i64, make: fn(i32, u8, u8) -> T) -> T {
    let day = SystemClock::new().now().to_zoned(TimeZone::UTC).date() + days.days();
    make(i32::from(day.year()), day.month().unsigned_abs(), day.day().unsigned_abs())
}

/// An authority.
pub struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
}

/// What a certificate is to say.
pub struct Wish<'a> {
    /// Whose it is, and the name of its files.
    pub name: &'a str,
    /// First and last day, counted from today.
    pub days: (i64, i64),
    /// What it is for.
    pub purpose: ExtendedKeyUsagePurpose,
}

impl Authority {
    /// A new one.
    #[must_use]
    #[expect(clippy::new_without_default, reason = "a key that is drawn is no default")]
    pub fn new() -> Self {
        let mut params = CertificateParams::new([]).expect("no names");
        params.distinguished_name.push(DnType::CommonName, "an authority of the tests");
        params.not_before = in_days(-10, date_time_ymd);
        params.not_after = in_days(10, date_time_ymd);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let key = KeyPair::generate().expect("randomness");
        Self { issuer: CertifiedIssuer::self_signed(params, key).expect("an authority") }
    }

    /// Makes it the one that a folder's configuration trusts, with a revocation list of one serial number.
    pub fn replace_that_of(&self, folder: &Folder, revoked: u8) {
        fs::write(folder.join("own-ca.pem"), self.issuer.pem()).expect("a file");
        fs::write(folder.join("own-crl.pem"), self.revoke(revoked)).expect("a file");
        folder.replace_in_config("authorities = \"ca.pem\"", "authorities = \"own-ca.pem\"");
        folder.replace_in_config("revocation_list = \"crl.pem\"", "revocation_list = \"own-crl.pem\"");
    }

    /// Puts a certificate and its key into `institutions/` of a folder. The serial number is that by which it can be
    /// revoked.
    pub fn certify(&self, folder: &Folder, wish: &Wish<'_>, serial: u8) {
        let key = KeyPair::generate().expect("randomness");
        let mut params = CertificateParams::new([]).expect("no names");
        params.distinguished_name.push(DnType::CommonName, wish.name);
        params.serial_number = Some(SerialNumber::from_slice(&[serial]));
        params.not_before = in_days(wish.days.0, date_time_ymd);
        params.not_after = in_days(wish.days.1, date_time_ymd);
        params.is_ca = IsCa::ExplicitNoCa;
        params.use_authority_key_identifier_extension = true;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![wish.purpose.clone()];
        let certificate = params.signed_by(&key, &self.issuer).expect("a certificate");
        for (end, text) in [("pem", certificate.pem()), ("key", key.serialize_pem())] {
            fs::write(folder.join(format!("institutions/{}.{end}", wish.name)), text).expect("a file");
        }
    }

    fn revoke(&self, serial: u8) -> String {
        let since = in_days(-1, date_time_ymd);
        CertificateRevocationListParams {
            this_update: since,
            next_update: in_days(10, date_time_ymd),
            crl_number: SerialNumber::from_slice(&[1]),
            issuing_distribution_point: None,
            revoked_certs: vec![RevokedCertParams {
                serial_number: SerialNumber::from_slice(&[serial]),
                revocation_time: since,
                reason_code: None,
                invalidity_date: None,
            }],
            key_identifier_method: KeyIdMethod::Sha256,
        }
        .signed_by(&self.issuer)
        .and_then(|list| list.pem())
        .expect("a revocation list")
    }
}
