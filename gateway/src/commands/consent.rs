//! `consent issue|revoke`: the issuer's side, for the demo and for an authority that has no tools of its own yet.

use std::{
    fs::OpenOptions,
    io::{Read, Write},
    os::unix::fs::OpenOptionsExt,
    path::PathBuf,
};

use clap::{Args, Subcommand, builder::PossibleValuesParser};
use credit_audit::clock::{Clock, SystemClock};
use credit_policy::{
    CitizenNumber, FieldName, ScenarioName,
    consent::{Algorithm, Frequency, Grant, Period, SigningKey, Terms, TokenId, issue, new_jwk},
};
use ring::rand::{SecureRandom, SystemRandom};
use zeroize::Zeroizing;

use super::{
    change,
    failure::{ConfigFile, Failure},
    hints,
};
use crate::{
    callers::thumbprint::Thumbprint,
    changes::Change,
    settings::ConsentIssuer,
    terminal::{colon, print, words},
};

#[derive(Subcommand)]
pub(super) enum Consent {
    /// Issue a token; the citizen number is read from standard input 签发授权凭证（公民身份号码从标准输入读取）
    Issue(Issue),
    /// Create an issuer's key; its public half is printed as a JWK Set, for `consent_issuer.keys` 新建签发密钥，并打印公钥集
    NewKey {
        /// The private JWK to write (mode 0600); never overwritten 私钥文件
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
        /// The `kid` by which tokens name it 密钥标识
        #[arg(long)]
        kid: String,
        /// Its algorithm 算法
        #[arg(long, default_value = "EdDSA", value_parser = PossibleValuesParser::new(Algorithm::ALL.iter().map(|algorithm| algorithm.as_str())))]
        algorithm: String,
    },
    /// Withdraw a token 撤回授权凭证
    Revoke {
        /// Its `jti`
        jti: String,
        /// Its issuer, as in the token; left out = the only one of the configuration 签发方（默认为配置中的唯一签发方）
        #[arg(long)]
        iss: Option<String>,
        #[command(flatten)]
        config: ConfigFile,
    },
}

#[derive(Args)]
pub(super) struct Issue {
    /// The authority's private JWK 签发方私钥
    #[arg(long, default_value = "demo/consent-authority.jwk", value_name = "FILE")]
    key: PathBuf,
    /// The issuer
    #[arg(long, default_value = "https://consent.example")]
    iss: String,
    /// Certificate of the institution to which the consent is given 被授权机构的证书
    #[arg(long, default_value = "demo/institutions/bank.pem", value_name = "FILE")]
    certificate: PathBuf,
    /// The scenario 应用场景
    #[arg(long, default_value = "commercial-loan", value_parser = hints::scenarios(), hide_possible_values = true)]
    scenario: String,
    /// Fields, separated by commas; left out = the scenario's first tier 数据项
    #[arg(long, value_delimiter = ',', value_parser = hints::fields(), hide_possible_values = true)]
    fields: Vec<String>,
    /// How far back records may lie 回溯期
    #[arg(long, default_value = "P5Y")]
    look_back: String,
    /// Uses in all 次数
    #[arg(long, default_value_t = 1)]
    uses: u64,
    /// Uses in a time 频次
    #[arg(long, default_value = "1/P1M")]
    frequency: String,
    /// How long an answer may be kept 保存期限
    #[arg(long, default_value = "P1M")]
    data_life: String,
    /// Lifetime in seconds 有效期（秒）
    #[arg(long, default_value_t = 3_600)]
    lifetime_s: u32,
    /// The token's id; left out = drawn at random
    #[arg(long)]
    jti: Option<String>,
}

pub(super) fn run(command: Consent) -> Result<(), Failure> {
    match command {
        Consent::Issue(wish) => {
            let token = token(&wish)?;
            print(token.as_str());
        }
        Consent::NewKey { out, kid, algorithm } => new_key(&out, &kid, &algorithm)?,
        Consent::Revoke { jti, iss, config } => {
            let settings = config.read()?;
            let iss = issuer(&settings.consent_issuers, iss)?;
            let done = change::make(settings, Change::ConsentRevoke { iss, jti })?;
            print(format_args!("{}{}{done}", words("已撤回并留痕", "withdrawn and on the record"), colon()));
        }
    }
    Ok(())
}

/// The issuer that is meant: a withdrawal in the name of another would change nothing.
fn issuer(issuers: &[ConsentIssuer], wish: Option<String>) -> Result<String, Failure> {
    let known: Vec<_> = issuers.iter().map(|issuer| format!("`{}`", issuer.iss)).collect();
    match (issuers, wish) {
        ([], _) => {
            Err(Failure::usage("the configuration has no `[[consent_issuer]]`, so there are no consents to withdraw"))
        }
        ([only], None) => Ok(only.iss.clone()),
        (_, None) => Err(Failure::usage(format_args!("name the issuer with --iss: {}", known.join(", ")))),
        (_, Some(wish)) if issuers.iter().any(|issuer| issuer.iss == wish) => Ok(wish),
        (_, Some(wish)) => {
            Err(Failure::usage(format_args!("`{wish}` is no issuer of the configuration: {}", known.join(", "))))
        }
    }
}

fn new_key(out: &std::path::Path, kid: &str, algorithm: &str) -> Result<(), Failure> {
    let file = |error: std::io::Error| Failure::usage(format_args!("`{}`: {error}", out.display()));
    let algorithm = Algorithm::parse(algorithm).ok_or_else(|| Failure::usage("--algorithm"))?;
    if kid.is_empty() {
        return Err(Failure::usage(words("--kid 不得为空", "--kid: it is empty")));
    }
    let private = new_jwk(algorithm, kid).map_err(Failure::unavailable)?;
    let public = SigningKey::from_jwk(&private, &SystemRandom::new()).map_err(Failure::unavailable)?.public_jwk();
    let mut open = OpenOptions::new();
    let mut made = open.write(true).create_new(true).mode(0o600).open(out).map_err(file)?;
    made.write_all(private.as_bytes()).map_err(file)?;
    print(format_args!("{{\"keys\":[{public}]}}"));
    Ok(())
}

fn token(wish: &Issue) -> Result<Zeroizing<String>, Failure> {
    fn no<E: std::fmt::Display>(what: &'static str) -> impl Fn(E) -> Failure {
        move |error| Failure::usage(format_args!("{what}: {error}"))
    }
    let random = SystemRandom::new();
    let key = std::fs::read_to_string(&wish.key).map(Zeroizing::new).map_err(no("--key"))?;
    let key = SigningKey::from_jwk(&key, &random).map_err(no("--key"))?;
    let mut number = Zeroizing::new(String::new());
    std::io::stdin().take(64).read_to_string(&mut number).map_err(no("standard input"))?;
    let person = CitizenNumber::parse(number.trim()).map_err(no("the citizen number on standard input"))?;
    let fields: Vec<FieldName> =
        wish.fields.iter().map(|name| FieldName::parse(name)).collect::<Result<_, _>>().map_err(no("--fields"))?;
    let now = SystemClock::new().now();
    let grant = Grant {
        iss: wish.iss.clone(),
        jti: jti(wish.jti.as_deref(), &random)?,
        issued_at: now,
        not_before: now,
        expires_at: now
            .saturating_add(jiff::SignedDuration::from_secs(wish.lifetime_s.into()))
            .map_err(no("--lifetime-s"))?,
        certificate: Thumbprint::of_file(&wish.certificate).map_err(no("--certificate"))?.into_bytes(),
        terms: Terms {
            scenario: ScenarioName::parse(&wish.scenario).map_err(no("--scenario"))?,
            fields: (!fields.is_empty()).then_some(fields),
            look_back: Period::parse(&wish.look_back).map_err(no("--look-back"))?,
            uses: wish.uses,
            frequency: Frequency::parse(&wish.frequency).map_err(no("--frequency"))?,
            data_life: Period::parse(&wish.data_life).map_err(no("--data-life"))?,
        },
    };
    issue(&key, &grant, &person, &random).map_err(|error| Failure::new(1, error))
}

fn jti(wish: Option<&str>, random: &SystemRandom) -> Result<TokenId, Failure> {
    let drawn = || {
        let mut bytes = [0; 16];
        random.fill(&mut bytes).map_err(|_| Failure::unavailable("the system gives no randomness"))?;
        Ok::<_, Failure>(bytes.iter().map(|byte| char::from(b'a' + byte % 26)).collect::<String>())
    };
    let text = wish.map_or_else(drawn, |wish| Ok(wish.to_owned()))?;
    TokenId::parse(&text).ok_or_else(|| Failure::usage("--jti: 1 to 128 visible characters without a citizen number"))
}
