//! The fixed demo credentials. They open a sandbox on loopback and nothing else.

use std::net::SocketAddr;

use perennial_providers::{hostup, vpsbg};

/// The first of the five ports, unless another is asked for.
pub const PORT_BASE: u16 = 8400;

/// What signs for the customer of the OVHcloud demo.
pub const OVH: Keys = Keys {
    account: "xx11111-ovh",
    application_key: "demoOvhApp111111",
    application_secret: "demoOvhSecret1111111111111111111",
    consumer_key: "demoOvhConsumer11111111111111111",
};

/// What signs for another customer, to see that nobody reaches another one's services.
pub const OVH_OTHER: Keys = Keys {
    account: "xx22222-ovh",
    application_key: "demoOvhApp222222",
    application_secret: "demoOvhSecret2222222222222222222",
    consumer_key: "demoOvhConsumer22222222222222222",
};

/// What signs for a reseller, who may suspend, reopen and terminate.
pub const OVH_RESELLER: Keys = Keys {
    account: "xx33333-ovh",
    application_key: "demoOvhApp333333",
    application_secret: "demoOvhSecret3333333333333333333",
    consumer_key: "demoOvhConsumer33333333333333333",
};

/// A consumer key of [`OVH`]'s application that may only `GET /me`.
pub const OVH_NARROW_CONSUMER_KEY: &str = "demoOvhConsumerNarrow11111111111";

/// The OAuth2 client of [`OVH`]'s customer.
pub const OVH_CLIENT_ID: &str = "EU.demo111111111111";
/// Its secret.
pub const OVH_CLIENT_SECRET: &str = "demoOvhClientSecret1111111111111";

/// The password of every demo account on the pages.
pub const PAGE_PASSWORD: &str = "demo";

/// The customer of the VPSBG demo.
pub const VPSBG: &str = "demo-vpsbg";
/// Another one, to see that nobody reaches another one's servers.
pub const VPSBG_OTHER: &str = "demo-vpsbg-other";

/// The customer of the HostUp demo.
pub const HOSTUP: &str = "demo-hostup";
/// Another one, to see that nobody reaches another one's domains.
pub const HOSTUP_OTHER: &str = "demo-hostup-other";

/// The customer of the Alibaba Cloud demo.
pub const ALIYUN: &str = "demo-aliyun";
/// Another one, without money, to see that nobody reaches another one's instances.
pub const ALIYUN_OTHER: &str = "demo-aliyun-other";

/// A key that is presented as it is.
#[derive(Clone, Copy, Debug)]
pub struct BearerKey {
    /// The dialect it is for.
    pub dialect: &'static str,
    /// The customer number.
    pub account: &'static str,
    /// The key.
    pub key: &'static str,
    /// What it may do, a verb and a noun a rule.
    pub rules: &'static [(&'static str, &'static str)],
}

/// The keys of the dialects whose callers present a key and nothing else.
pub const BEARER_KEYS: [BearerKey; 6] = [
    BearerKey { dialect: vpsbg::PROVIDER, account: VPSBG, key: VPSBG_TOKEN, rules: WRITE },
    BearerKey {
        dialect: vpsbg::PROVIDER,
        account: VPSBG,
        key: "demo-vpsbg-read-only-11111111111111111111",
        rules: &[("GET", "/*")],
    },
    BearerKey {
        dialect: vpsbg::PROVIDER,
        account: VPSBG_OTHER,
        key: "demo-vpsbg-other-222222222222222222222222",
        rules: WRITE,
    },
    BearerKey { dialect: hostup::PROVIDER, account: HOSTUP, key: HOSTUP_TOKEN, rules: ALL_SCOPES },
    BearerKey {
        dialect: hostup::PROVIDER,
        account: HOSTUP,
        key: "demo-hostup-read-domains-1111111111111111",
        rules: &[("read", "domains")],
    },
    BearerKey {
        dialect: hostup::PROVIDER,
        account: HOSTUP_OTHER,
        key: "demo-hostup-other-22222222222222222222222",
        rules: ALL_SCOPES,
    },
];

/// The access keys of the Alibaba Cloud demo.
pub const ACCESS_KEYS: [AccessKey; 4] = [
    AccessKey { account: ALIYUN, id: ALIYUN_KEY_ID, secret: ALIYUN_KEY_SECRET, security_token: None, rules: ALL },
    AccessKey {
        account: ALIYUN,
        id: "demoAliyunReader22222222",
        secret: "demoAliyunReaderSecret22222222",
        security_token: None,
        rules: &[("ecs", "Describe*"), ("bss", "Query*"), ("bss", "Get*")],
    },
    AccessKey {
        account: ALIYUN,
        id: "STS.demoAliyunSession3333",
        secret: "demoAliyunSessionSecret3333333",
        security_token: Some("demoAliyunSecurityToken333333333333333333333333333333333"),
        rules: ALL,
    },
    AccessKey {
        account: ALIYUN_OTHER,
        id: "demoAliyunOther444444444",
        secret: "demoAliyunOtherSecret444444444",
        security_token: None,
        rules: ALL,
    },
];

/// What an access key may do that may do everything.
const ALL: &[(&str, &str)] = &[("*", "*")];

/// What a VPSBG key that may write is allowed.
const WRITE: &[(&str, &str)] = &[("GET", "/*"), ("POST", "/*"), ("PATCH", "/*"), ("PUT", "/*"), ("DELETE", "/*")];

/// The scopes that cover all others of HostUp's.
const ALL_SCOPES: &[(&str, &str)] = &[("read", "all"), ("write", "all")];

const VPSBG_TOKEN: &str = "demo-vpsbg-token-111111111111111111111111";
const HOSTUP_TOKEN: &str = "demo-hostup-token-11111111111111111111111";
const ALIYUN_KEY_ID: &str = "demoAliyunKey11111111111";
const ALIYUN_KEY_SECRET: &str = "demoAliyunSecret11111111111111";

/// An access key of Alibaba Cloud's.
#[derive(Clone, Copy, Debug)]
pub struct AccessKey {
    /// The customer number.
    pub account: &'static str,
    /// The key's id.
    pub id: &'static str,
    /// 30 letters and digits.
    pub secret: &'static str,
    /// The token of the session that it is for, if it is for one. (A real session ends; the demo's does not.)
    pub security_token: Option<&'static str>,
    /// What it may do: an API and its actions a rule.
    pub rules: &'static [(&'static str, &'static str)],
}

/// One customer's three OVHcloud keys.
#[derive(Clone, Copy, Debug)]
pub struct Keys {
    /// The customer number.
    pub account: &'static str,
    /// 16 letters and digits.
    pub application_key: &'static str,
    /// 32 letters and digits.
    pub application_secret: &'static str,
    /// 32 letters and digits.
    pub consumer_key: &'static str,
}

/// Where the five listeners are.
#[derive(Clone, Copy, Debug)]
pub struct Addresses {
    /// The first port: the pages'.
    pub port_base: u16,
    /// `http` or `https`, for the dialects.
    pub scheme: &'static str,
}

impl Addresses {
    /// Where one listener is, counted from the pages'.
    pub fn socket(self, offset: u16) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], self.port_base.saturating_add(offset)))
    }

    /// The URL of the pages; they speak plain HTTP always.
    pub fn pages(self) -> String {
        format!("http://{}", self.socket(0))
    }

    /// The URL of a dialect, without a path.
    pub fn dialect(self, offset: u16) -> String {
        format!("{}://{}", self.scheme, self.socket(offset))
    }

    /// The same dialect under the other name of loopback.
    pub fn dialect_by_name(self, offset: u16) -> String {
        format!("{}://localhost:{}", self.scheme, self.socket(offset).port())
    }

    /// What a shell must export so that clients find the sandbox.
    pub fn environment(self) -> Vec<(&'static str, String)> {
        vec![
            ("OVH_ENDPOINT", format!("{}/1.0", self.dialect(1))),
            ("OVH_APPLICATION_KEY", OVH.application_key.to_owned()),
            ("OVH_APPLICATION_SECRET", OVH.application_secret.to_owned()),
            ("OVH_CONSUMER_KEY", OVH.consumer_key.to_owned()),
            ("VPSBG_URL", format!("{}/v1", self.dialect(2))),
            ("VPSBG_TOKEN", VPSBG_TOKEN.to_owned()),
            ("HOSTUP_URL", self.dialect(3)),
            ("HOSTUP_TOKEN", HOSTUP_TOKEN.to_owned()),
            ("ALIYUN_ENDPOINT", self.socket(4).to_string()),
            ("ALIBABA_CLOUD_ACCESS_KEY_ID", ALIYUN_KEY_ID.to_owned()),
            ("ALIBABA_CLOUD_ACCESS_KEY_SECRET", ALIYUN_KEY_SECRET.to_owned()),
        ]
    }
}

#[cfg(test)]
mod tests {
    use perennial_providers::aliyun::SESSION_PREFIX;

    use super::*;

    #[test]
    fn demo_keys_have_the_form_of_real_ones() {
        for keys in [OVH, OVH_OTHER, OVH_RESELLER] {
            let lengths = [keys.application_key, keys.application_secret, keys.consumer_key].map(str::len);
            assert_eq!(lengths, [16, 32, 32], "{}", keys.account);
        }
        assert_eq!(OVH_NARROW_CONSUMER_KEY.len(), 32);
        assert_eq!(OVH_CLIENT_SECRET.len(), 32);
        assert!(BEARER_KEYS.iter().all(|key| key.key.len() == 41));
        for AccessKey { id, secret, security_token, .. } in ACCESS_KEYS {
            let (id_length, begins) = if security_token.is_some() { (25, true) } else { (24, false) };
            assert_eq!((id.len(), id.starts_with(SESSION_PREFIX), secret.len()), (id_length, begins, 30), "{id}");
        }
    }

    #[test]
    fn the_environment_names_every_client() {
        let addresses = Addresses { port_base: 8400, scheme: "http" };
        let environment = addresses.environment();
        assert_eq!(environment[0], ("OVH_ENDPOINT", "http://127.0.0.1:8401/1.0".to_owned()));
        assert_eq!(environment[8], ("ALIYUN_ENDPOINT", "127.0.0.1:8404".to_owned()));
        assert!(environment.iter().all(|(_, value)| !value.contains(['\'', ' ', '$'])), "values need no quotes");
    }
}
