//! pyjiit, the client that students use, signs in to the simulated portal: the simulator keeps to the real protocol.

use serde_json::Value;

use super::{ASHA, Jiit};
use crate::stock_clients::python;
use crate::support::database::cluster;

#[tokio::test]
async fn pyjiit_signs_in_with_only_its_host_changed() {
    let jiit = Jiit::opens().await;
    let authority = jiit.authority.file(&cluster().folder());

    let ended = python("pyjiit_client.py")
        .env("API", jiit.base())
        .env("SIMULATOR", &jiit.site.origin)
        .env("REQUESTS_CA_BUNDLE", &authority)
        .env("NO_PROXY", "127.0.0.1")
        // pyjiit takes the local date for India's.
        .env("TZ", "Asia/Kolkata")
        .env("ENROLLMENT", ASHA.number)
        .env("PASSWORD", ASHA.password)
        .output()
        .await
        .unwrap();

    let problem = String::from_utf8_lossy(&ended.stderr);
    assert!(ended.status.success(), "{problem}");
    let response: Value = serde_json::from_slice(&ended.stdout).unwrap();
    assert_eq!(
        response,
        serde_json::json!({
            "wrong_password": "refused",
            "name": "ASHA RAO",
            "institute": "JIIT",
            "memberid": "JSIM0000001",
            "branch": "ECE",
            "registrationno": ASHA.number,
        })
    );
}
