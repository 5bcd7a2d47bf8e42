//! The client that students publish for ERP signs in to the simulated ERP unchanged: the simulator keeps to the real
//! protocol.

use std::net::SocketAddr;
use std::path::Path;

use serde_json::{Value, json};
use tokio::process::Command;

use super::{ASHA, PASSWORD};
use crate::sim::erp::House;
use crate::sim::kit::authority::Authority;
use crate::sim::kit::site::Site;
use crate::support::campus;

#[tokio::test]
async fn the_published_client_signs_in_unchanged() {
    let (house, authority) = (House::new(true), Authority::new());
    let tls = authority.config(&["erp.iitkgp.ac.in"], false);
    let at = SocketAddr::from(([127, 0, 0, 1], 0));
    let site = Site::opens_with(at, Some(tls), house.watch.clone(), house.router()).await;
    let folder = tokio::task::spawn_blocking(|| campus::folder("erp-client"))
        .await
        .unwrap();
    let ca_file = authority.file(&folder);
    let questions = house.state().people[ASHA].questions.clone();
    let answers: serde_json::Map<_, _> = questions
        .into_iter()
        .map(|(question, answer)| (question, json!(answer)))
        .collect();
    let right = json!({ "port": site.address.port(), "roll": ASHA, "password": PASSWORD, "answers": answers });

    let tries = async |changes: Value| {
        let mut given = right.clone();
        let given_object = given.as_object_mut().unwrap();
        given_object.extend(changes.as_object().unwrap().clone());
        let home = Path::new(env!("CARGO_MANIFEST_DIR"));
        let output = Command::new(home.join("target/clients/python/bin/python"))
            .arg(home.join("tests/clients/python/erp_client.py"))
            .arg(given.to_string())
            .current_dir(&folder)
            .env("REQUESTS_CA_BUNDLE", &ca_file)
            .env("NO_PROXY", "*")
            .output()
            .await
            .unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        // Its log goes to standard output, too.
        let said = String::from_utf8_lossy(&output.stdout);
        let line = said.lines().last().unwrap_or_default();
        serde_json::from_str::<Value>(line)
            .unwrap_or_else(|_| panic!("{said}{errors}: run script/setup test"))
    };

    let signed_in = tries(json!({})).await;
    assert_eq!(
        signed_in["sso_token"].as_str().unwrap().len(),
        140,
        "{signed_in}"
    );
    assert_eq!(signed_in["session_token"].as_str().unwrap().len(), 38);
    for (what, expected) in [
        ("alive", true),
        ("restored", true),
        ("time_table", true),
        ("stranger_alive", false),
    ] {
        assert_eq!(signed_in[what], expected, "{what}: {signed_in}");
    }

    let wrong_answers: serde_json::Map<_, _> = answers
        .keys()
        .map(|it| (it.clone(), json!("wrong")))
        .collect();
    for (changes, why) in [
        (json!({ "roll": "99XX99999" }), "Invalid Roll Number"),
        (
            json!({ "answers": wrong_answers }),
            "Invalid Security Question Answer",
        ),
        (json!({ "password": "wrong" }), "Invalid Password"),
        (json!({ "code": "wrong" }), "Invalid OTP"),
    ] {
        assert_eq!(tries(changes).await["error"], why);
    }
}
