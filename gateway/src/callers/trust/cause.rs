//! Why a caller's certificate, or its handshake, is refused: a closed list, for the log, for a counter, and for whoever
//! registers a certificate that would be refused.

use std::{fmt, io};

use rustls::{CertificateError, Error};
use x509_parser::{parse_x509_certificate, prelude::X509Version, public_key::PublicKey, x509::SubjectPublicKeyInfo};

/// What `Trust` says of a certificate while its list has ended.
pub(super) const LIST_ENDED: &str = "the revocation list is past its next update";

/// See the module. Its name in the log and in metrics is the kebab-case word of [`Cause::as_str`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cause {
    /// The caller showed no certificate.
    NoCertificate,
    /// None of the authorities issued it, or a certificate between the two is missing.
    UnknownIssuer,
    /// It has ended.
    Expired,
    /// It has not begun.
    NotYetValid,
    /// A revocation list has it, or an authority above it.
    Revoked,
    /// There is no revocation list of its issuer.
    NoList,
    /// The revocation list is past its next update.
    ListEnded,
    /// It is an X.509 certificate of version 1 (or 2).
    Version1,
    /// It may not be used by a client of TLS.
    WrongUsage,
    /// Its key, or the signature on it, is of a kind that is not supported.
    UnsupportedAlgorithm,
    /// It cannot be read, or its signature is wrong.
    BadCertificate,
    /// What came is no TLS.
    NotTls,
    /// The two have no version, cipher or protocol in common.
    Incompatible,
    /// The caller said that it does not accept what the gateway showed.
    RefusedByCaller,
    /// Something else of TLS.
    Protocol,
    /// The caller went away after it had begun.
    ClosedEarly,
    /// The caller went away without a byte: a load balancer that looks whether the port is open. No fault.
    Probe,
    /// The handshake did not end in time.
    TimedOut,
    /// Its place was needed for another.
    CrowdedOut,
}

impl Cause {
    /// Each of them.
    pub const ALL: [Self; 19] = [
        Self::NoCertificate,
        Self::UnknownIssuer,
        Self::Expired,
        Self::NotYetValid,
        Self::Revoked,
        Self::NoList,
        Self::ListEnded,
        Self::Version1,
        Self::WrongUsage,
        Self::UnsupportedAlgorithm,
        Self::BadCertificate,
        Self::NotTls,
        Self::Incompatible,
        Self::RefusedByCaller,
        Self::Protocol,
        Self::ClosedEarly,
        Self::Probe,
        Self::TimedOut,
        Self::CrowdedOut,
    ];

    /// Its name in the log and in metrics.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NoCertificate => "no-certificate",
            Self::UnknownIssuer => "unknown-issuer",
            Self::Expired => "expired",
            Self::NotYetValid => "not-yet-valid",
            Self::Revoked => "revoked",
            Self::NoList => "no-list",
            Self::ListEnded => "list-ended",
            Self::Version1 => "version-1",
            Self::WrongUsage => "wrong-usage",
            Self::UnsupportedAlgorithm => "unsupported-algorithm",
            Self::BadCertificate => "bad-certificate",
            Self::NotTls => "not-tls",
            Self::Incompatible => "incompatible",
            Self::RefusedByCaller => "refused-by-caller",
            Self::Protocol => "protocol",
            Self::ClosedEarly => "closed-early",
            Self::Probe => "probe",
            Self::TimedOut => "timed-out",
            Self::CrowdedOut => "crowded-out",
        }
    }

    /// In Chinese and in English, with what to do.
    #[must_use]
    pub fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::NoCertificate => ("未出示客户端证书", "the caller showed no certificate"),
            Self::UnknownIssuer => (
                "其签发者不在 tls.authorities 之中，或缺少中间证书：请加入该机构，或令调用方随附中间证书",
                "none of tls.authorities issued it, or an intermediate certificate is missing: add the authority, or have the \
                 caller send the intermediate certificates",
            ),
            Self::Expired => ("已过期，请重新签发", "it has expired: have a new one issued"),
            Self::NotYetValid => ("尚未生效：请等待，或核对时钟", "it is not valid yet: wait, or compare the clocks"),
            Self::Revoked => ("已被吊销，请重新签发", "it is revoked: have a new one issued"),
            Self::NoList => (
                "tls.revocation_list 中没有其签发机构的吊销列表：请将该机构的列表附加到文件",
                "tls.revocation_list has no list of the authority that issued it: append that authority's list to the file",
            ),
            Self::ListEnded => (
                "tls.revocation_list 中有列表已过更新期限：请取得最新列表",
                "a list in tls.revocation_list is past its next update: fetch the newest one",
            ),
            Self::Version1 => (
                "它是 X.509 第 1 版证书，请签发第 3 版（openssl x509 -req 须加 -extfile，写入 extendedKeyUsage=clientAuth）",
                "it is an X.509 version 1 certificate; have one of version 3 issued (`openssl x509 -req` makes one with \
                 `-extfile` and a file that has `extendedKeyUsage=clientAuth`)",
            ),
            Self::WrongUsage => (
                "其扩展密钥用途不含 clientAuth，请签发含此用途的证书",
                "its extended key usage does not include clientAuth: have one issued that does",
            ),
            Self::UnsupportedAlgorithm => (
                "不支持其密钥或签名的类型，请用 P-256、P-384、Ed25519 或 2048 至 8192 位 RSA",
                "its kind of key or signature is not supported; use P-256, P-384, Ed25519 or RSA of 2048 to 8192 bits",
            ),
            Self::BadCertificate => (
                "无法读取，或其签名与 tls.authorities 中同名机构不符",
                "it cannot be read, or its signature is not by the authority of that name in tls.authorities",
            ),
            Self::NotTls => ("所收内容不是 TLS", "what came is no TLS"),
            Self::Incompatible => (
                "没有共同的 TLS 版本、算法或应用协议",
                "the two sides have no TLS version, algorithm or application protocol in common",
            ),
            Self::RefusedByCaller => (
                "调用方拒绝了网关的证书：请核对其信任的机构与所用的主机名",
                "the caller refused the gateway's certificate: compare the authorities that it trusts and the host name",
            ),
            Self::Protocol => ("握手内容有误", "the handshake contained an error"),
            Self::ClosedEarly => ("调用方在握手中断开", "the caller went away during the handshake"),
            Self::Probe => ("连接后未发送内容即断开", "the caller connected and said nothing"),
            Self::TimedOut => ("握手未在时限内完成", "the handshake did not end in time"),
            Self::CrowdedOut => {
                ("握手过多，让位于其他连接", "there were too many handshakes, and another needed its place")
            }
        }
    }

    /// Of what ended a handshake that had begun.
    #[must_use]
    pub(crate) fn of_handshake(error: &io::Error) -> Self {
        match error.get_ref().and_then(|inner| inner.downcast_ref::<Error>()) {
            Some(error) => Self::of(error),
            None => Self::ClosedEarly,
        }
    }

    /// Of what rustls says.
    #[must_use]
    pub(super) fn of(error: &Error) -> Self {
        match error {
            Error::NoCertificatesPresented => Self::NoCertificate,
            Error::InvalidCertificate(error) => Self::of_certificate(error),
            // The list that is there is by another key of the same name.
            Error::InvalidCertRevocationList(_) => Self::NoList,
            // `Trust` says so of a list that has ended.
            Error::General(text) if text == LIST_ENDED => Self::ListEnded,
            Error::PeerIncompatible(_) | Error::NoApplicationProtocol => Self::Incompatible,
            Error::InvalidMessage(_) => Self::NotTls,
            Error::AlertReceived(_) => Self::RefusedByCaller,
            _ => Self::Protocol,
        }
    }

    fn of_certificate(error: &CertificateError) -> Self {
        use CertificateError as E;
        match error {
            E::UnknownIssuer => Self::UnknownIssuer,
            E::Expired | E::ExpiredContext { .. } => Self::Expired,
            E::NotValidYet | E::NotValidYetContext { .. } => Self::NotYetValid,
            E::Revoked => Self::Revoked,
            E::UnknownRevocationStatus => Self::NoList,
            E::ExpiredRevocationList | E::ExpiredRevocationListContext { .. } => Self::ListEnded,
            E::InvalidPurpose | E::InvalidPurposeContext { .. } => Self::WrongUsage,
            E::UnsupportedSignatureAlgorithmContext { .. }
            | E::UnsupportedSignatureAlgorithmForPublicKeyContext { .. } => Self::UnsupportedAlgorithm,
            E::Other(other) if other.to_string().contains("UnsupportedCertVersion") => Self::Version1,
            _ => Self::BadCertificate,
        }
    }

    /// What can be seen of the certificate alone: why no chain and no handshake with it will do.
    pub(super) fn of_itself(der: &[u8]) -> Option<Self> {
        let Ok((_, certificate)) = parse_x509_certificate(der) else { return Some(Self::BadCertificate) };
        if certificate.version() != X509Version::V3 {
            return Some(Self::Version1);
        }
        (!is_supported(certificate.public_key())).then_some(Self::UnsupportedAlgorithm)
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.words().1)
    }
}

/// Whether ring verifies signatures by this key, and rustls offers a scheme for it.
fn is_supported(key: &SubjectPublicKeyInfo<'_>) -> bool {
    // RFC 8017; an RSASSA-PSS key (RFC 4055 §1.2) has an identifier of its own. P-256, P-384 (RFC 5480). RFC 8410.
    const RSA: &str = "1.2.840.113549.1.1.1";
    const CURVES: [&str; 2] = ["1.2.840.10045.3.1.7", "1.3.132.0.34"];
    const ED25519: &str = "1.3.101.112";
    let algorithm = &key.algorithm.algorithm;
    match key.parsed() {
        Ok(PublicKey::RSA(rsa)) => algorithm.to_id_string() == RSA && (2_048..=8_192).contains(&rsa.key_size()),
        Ok(PublicKey::EC(_)) => {
            let curve = key.algorithm.parameters.as_ref().and_then(|parameters| parameters.as_oid().ok());
            curve.is_some_and(|curve| CURVES.contains(&curve.to_id_string().as_str()))
        }
        _ => algorithm.to_id_string() == ED25519,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_cause_has_a_name_and_sentences_of_its_own() {
        for cause in Cause::ALL {
            let same = |other: &Cause| {
                other.as_str() == cause.as_str()
                    || other.words().0 == cause.words().0
                    || other.words().1 == cause.words().1
            };
            assert_eq!(Cause::ALL.iter().filter(|other| same(other)).count(), 1, "{cause:?}");
        }
    }

    #[test]
    fn an_end_without_a_word_of_tls_is_the_caller_s() {
        for kind in [io::ErrorKind::UnexpectedEof, io::ErrorKind::ConnectionReset, io::ErrorKind::BrokenPipe] {
            assert_eq!(Cause::of_handshake(&kind.into()), Cause::ClosedEarly);
        }
        let shown = io::Error::other(Error::NoCertificatesPresented);
        assert_eq!(Cause::of_handshake(&shown), Cause::NoCertificate);
    }
}
