//! Calls to copy and paste: every line runs through `sh` as it is printed.

use std::path::Path;

use crate::{
    demo::{
        Note,
        folder::{self, DemoError},
    },
    gateway::Gateway,
    terminal::{print, words},
};

/// Prints calls to copy and paste; they use only the first `clean` person.
///
/// # Errors
/// When the folder cannot be read.
pub(crate) fn print_calls(dir: &Path, gateway: &Gateway) -> Result<(), DemoError> {
    let clean = folder::person(dir, Note::Clean)?;
    let (address, public) = (gateway.settings.listen.institutions, gateway.settings.listen.public);
    let dir = std::path::absolute(dir).unwrap_or_else(|_| dir.to_owned());
    let file = |name: &str| quoted(&dir.join(name));
    let curl = |institution: &str| {
        format!(
            "curl -sS --cacert {} --cert {} --key {} -H 'Content-Type: application/json'",
            file("ca.pem"),
            file(&format!("institutions/{institution}.pem")),
            file(&format!("institutions/{institution}.key"))
        )
    };
    let (housing, bank, authority) = (curl("housing"), curl("bank"), curl("authority"));
    let queries = format!("https://{address}/v1/queries");
    let call =
        |chinese: &str, english: &str, line: &str| print(format_args!("# {}\n{line}\n", words(chinese, english)));
    print(words("可直接复制的调用：\n", "Calls to copy and paste:\n"));
    // One token a printing, so that the calls work again after a withdrawal.
    let withdrawn = format!("withdrawn-{}", gateway.new_id());
    clean.disclose(|number| {
        // By a pipe: what stands among a program's arguments is seen by every account of the machine.
        let body = |scenario: &str, case: &str| {
            format!(
                r#"echo '{{"scenario":"{scenario}","subject":"{number}","operator":"staff-0017","case":"{case}"}}'"#
            )
        };
        let housed = |case: &str| body("public-rental-housing", case);
        call("一次查询", "a look-up", &format!("{} | {housing} -d @- {queries}", housed("HZ-2026-000001")));
        call(
            "同上，HTTP/1.1，附完整证明",
            "the same over HTTP/1.1, with the whole proof",
            &format!("{} | {housing} --http1.1 -H 'Prefer: receipt=proof' -d @- {queries}", housed("HZ-2026-000002")),
        );
        call(
            "一次拒绝（英文说明）",
            "a refusal, in English",
            &format!("{} | {housing} -H 'Accept-Language: en' -d @- {queries}", body("curiosity", "HZ-2026-000003")),
        );
        let issue = format!(
            "echo {number} | {} consent issue --key {} --certificate {} --fields clean_three_years,score_band",
            program("credit-gateway").unwrap_or_else(|| "credit-gateway".to_owned()),
            file("consent-authority.jwk"),
            file("institutions/bank.pem")
        );
        let loan = |more: &str| {
            let asked = r#"'{"scenario":"commercial-loan","operator":"staff-0021"}'"#;
            format!("{issue}{more} | sed 's/^/Authorization: Bearer /' | {bank} -H @- -d {asked} {queries}")
        };
        call("一笔贷款：当场签发授权并查询", "a loan: the consent is signed on the spot", &loan(""));
        call(
            "授权机构撤回一份授权",
            "the authority withdraws a consent",
            &format!(r#"{authority} -d '{{"jti":"{withdrawn}"}}' https://{address}/v1/revocations"#),
        );
        call("撤回之后：拒绝", "after it: refused", &loan(&format!(" --jti {withdrawn}")));
    });
    call("公开的检查点", "the public checkpoint", &format!("curl -sS http://{public}/checkpoint"));
    let audit = program("credit-audit").unwrap_or_else(|| "cargo run --release -p credit-audit --".to_owned());
    call(
        "核验整个日志",
        "the whole log verified",
        &format!("{audit} verify {} --vkey {}", file("data"), file("data/log/log.vkey")),
    );
    Ok(())
}

/// A program that stands where this one does, as a shell finds it.
fn program(name: &str) -> Option<String> {
    let path = std::env::current_exe().ok()?.with_file_name(name);
    path.is_file().then(|| quoted(&path))
}

/// A path as one word of a shell.
fn quoted(path: &Path) -> String {
    let path = path.display().to_string();
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+:@".contains(c);
    if path.chars().all(plain) { path } else { format!("'{}'", path.replace('\'', r"'\''")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_one_word_of_a_shell() {
        assert_eq!(quoted(Path::new("/srv/demo-1")), "/srv/demo-1");
        assert_eq!(quoted(Path::new("/my demo/it's")), r"'/my demo/it'\''s'");
        assert_eq!(quoted(Path::new("/演示")), "'/演示'");
    }
}
