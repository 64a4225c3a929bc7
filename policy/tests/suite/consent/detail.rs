//! What a refusal says of a token to whoever presented it.

use credit_policy::Language;
use credit_policy::consent::{Claim, ConsentFault};
use serde_json::{Value, json};

use super::draft::{Draft, verify};

/// What the caller reads names the claim at fault and its form in both languages, and nothing of its value.
#[test]
fn a_refusal_names_the_claim_at_fault_and_not_its_value() {
    let wrong = "someone-secret";
    for claim in Claim::ALL {
        let path = claim.as_str().replace("authorization_details.", "authorization_details/0/");
        let token = Draft::good("EdDSA").with_claims(|claims| match claims.pointer_mut(&format!("/{path}")) {
            // A text stands for no list, number, period or name; a number for no text.
            Some(Value::String(text)) if ["iss", "aud", "jti"].contains(&path.as_str()) => {
                let number = json!(text.len());
                claims[path] = number;
            }
            Some(member) => *member = format!("{wrong} ").into(),
            None => claims[path] = json!([wrong]),
        });
        let fault = verify(&token.token()).err().unwrap();
        assert_eq!(fault, ConsentFault::Claim(*claim));
        for (language, words) in [(Language::En, "must be"), (Language::Zh, "应为")] {
            let detail = fault.detail(language);
            let named = detail.contains(&format!("`{claim}`")) && detail.contains(words);
            assert!(named && detail.contains(claim.form(language)) && !detail.contains(wrong), "{detail}");
        }
    }
    let token = Draft::good("EdDSA").with_claims(|claims| claims["secret_claim"] = wrong.into()).token();
    for language in [Language::En, Language::Zh] {
        let detail = verify(&token).err().unwrap().detail(language);
        assert!(detail.contains("`authorization_details` `vct`") && !detail.contains("secret"), "{detail}");
    }
}
