//! Access keys: which one is presented, and where people keep theirs.

use serde::Deserialize;

use crate::aliyun::{PROVIDER, SESSION_PREFIX};
use crate::call::{CredentialError, Credentials, Field, Found, Places, SettingError};

const ID: Field = Field {
    name: "access_key_id",
    variable: "ALIBABA_CLOUD_ACCESS_KEY_ID",
    what: "the id of an access key, of a RAM user best",
};
const SECRET: Field = Field {
    name: "access_key_secret",
    variable: "ALIBABA_CLOUD_ACCESS_KEY_SECRET",
    what: "the secret that belongs to the access key",
};
const TOKEN: Field = Field {
    name: "security_token",
    variable: "ALIBABA_CLOUD_SECURITY_TOKEN",
    what: "the token of the session (STS) that a temporary access key is for",
};

/// All of them.
pub(super) const FIELDS: &[Field] = &[ID, SECRET, TOKEN];

/// Where the vendor's own program keeps its profiles.
const FILE: &str = "~/.aliyun/config.json";

/// An access key.
pub(super) struct Keys {
    /// Its id.
    pub id: String,
    /// Its secret: what requests are signed with.
    pub secret: String,
    /// The token of its session, if it is for one.
    pub token: Option<String>,
}

impl Keys {
    /// Takes what an account is called with.
    pub fn of(credentials: &Credentials) -> Result<Self, SettingError> {
        let missing = |field: Field| SettingError::Missing { provider: PROVIDER, field: field.name, what: field.what };
        let get = |field: Field| credentials.get(field.name).map(str::to_owned);
        let id = get(ID).ok_or_else(|| missing(ID))?;
        let secret = get(SECRET).ok_or_else(|| missing(SECRET))?;
        let token = get(TOKEN);
        if token.is_none() && id.starts_with(SESSION_PREFIX) {
            return Err(missing(TOKEN));
        }
        // Both are sent in headers; the id stands among commas there.
        let is_plain = |text: &str| text.bytes().all(|byte| byte.is_ascii_graphic());
        let wrong = |field: Field| SettingError::Wrong {
            setting: field.name,
            value: "(not shown)".to_owned(),
            why: "it has letters that no access key has".to_owned(),
        };
        if !is_plain(&id) || id.contains([',', ';']) {
            return Err(wrong(ID));
        }
        if token.as_deref().is_some_and(|token| !is_plain(token)) {
            return Err(wrong(TOKEN));
        }
        Ok(Self { id, secret, token })
    }

    /// The id as people may see it: its ends.
    pub fn shown(&self) -> String {
        const END: usize = 4;
        match (self.id.get(..END), self.id.get(self.id.len().saturating_sub(END)..)) {
            (Some(start), Some(end)) if self.id.len() > 2 * END => format!("{start}...{end}"),
            _ => "...".to_owned(),
        }
    }

    /// A text without what is secret in it.
    pub fn masked(&self, text: &str) -> String {
        let secrets = [Some(&self.secret), self.token.as_ref(), Some(&self.id)];
        secrets.into_iter().flatten().fold(text.to_owned(), |text, secret| text.replace(secret.as_str(), "***"))
    }
}

/// The file of the vendor's own program, as far as it is read.
#[derive(Deserialize)]
struct Config {
    current: Option<String>,
    #[serde(default)]
    profiles: Vec<Profile>,
}

/// A profile in it.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Profile {
    name: Option<String>,
    mode: Option<String>,
    access_key_id: Option<String>,
    access_key_secret: Option<String>,
    sts_token: Option<String>,
    region_id: Option<String>,
}

/// Finds an access key where the vendor's programs look: in the variables, and then in the file; in the file alone
/// where one of its profiles is asked for.
pub(super) fn find(places: &Places<'_>) -> Result<Found, CredentialError> {
    let variable = |name: &str| (places.variable)(name).filter(|value| !value.is_empty());
    let url = variable("ALIYUN_ENDPOINT");
    let credentials = Credentials::of_environment(FIELDS, places);
    let is_whole = credentials.get(ID.name).is_some() && credentials.get(SECRET.name).is_some();
    if is_whole && places.profile.is_none() {
        return Ok(Found { credentials, url, regions: variable("ALIBABA_CLOUD_REGION_ID").into_iter().collect() });
    }
    let asked = places.profile.map(str::to_owned).or_else(|| variable("ALIBABA_CLOUD_PROFILE"));
    match (places.file)(FILE) {
        Some(text) => Ok(Found { url, ..of_file(&text, asked.as_deref())? }),
        None if places.profile.is_some() => Err(wrong("there is no such file".to_owned())),
        None => Ok(Found { credentials, url, ..Found::default() }),
    }
}

fn of_file(text: &str, asked: Option<&str>) -> Result<Found, CredentialError> {
    // serde's own words may repeat a value.
    let config: Config = serde_json::from_str(text)
        .map_err(|error| wrong(format!("it is not the JSON that was expected, in line {}", error.line())))?;
    let name = asked.or(config.current.as_deref()).unwrap_or("default");
    let profile = config.profiles.into_iter().find(|profile| profile.name.as_deref() == Some(name));
    let profile = profile.ok_or_else(|| wrong(format!("it has no profile `{name}`")))?;
    let mode = profile.mode.as_deref().unwrap_or("AK");
    let token = match mode {
        "AK" => None,
        "StsToken" => profile.sts_token,
        _ => return Err(wrong(format!("profile `{name}` has the mode `{mode}`, and only AK and StsToken are read"))),
    };
    let mut credentials = Credentials::default();
    for (field, secret) in [(ID, profile.access_key_id), (SECRET, profile.access_key_secret), (TOKEN, token)] {
        credentials.set(field.name, &secret.unwrap_or_default());
    }
    let regions = profile.region_id.into_iter().filter(|region| !region.is_empty()).collect();
    Ok(Found { credentials, url: None, regions })
}

fn wrong(why: String) -> CredentialError {
    CredentialError::File { file: FILE.to_owned(), why }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONFIG: &str = r#"{"current": "work", "meta_path": "", "profiles": [
        {"name": "default", "mode": "AK", "access_key_id": "LTAIdefault", "access_key_secret": "hunter2", "sts_token": "",
         "region_id": "cn-hangzhou", "output_format": "json", "retry_timeout": 0},
        {"name": "work", "mode": "StsToken", "access_key_id": "STS.work", "access_key_secret": "hunter3",
         "sts_token": "hunter4", "region_id": ""},
        {"name": "role", "mode": "RamRoleArn", "access_key_id": "LTAIrole", "access_key_secret": "hunter5"}]}"#;

    fn found(variables: &[(&str, &str)], file: Option<&str>, profile: Option<&str>) -> Result<Found, CredentialError> {
        let variable =
            |name: &str| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
        let file = |path: &str| file.filter(|_| path == FILE).map(str::to_owned);
        find(&Places { variable: &variable, file: &file, profile })
    }

    fn texts(found: &Found) -> [Option<&str>; 3] {
        [ID, SECRET, TOKEN].map(|field| found.credentials.get(field.name))
    }

    #[test]
    fn variables_come_before_the_file_and_a_profile_that_is_asked_for_before_both() {
        let variables = [("ALIBABA_CLOUD_ACCESS_KEY_ID", "LTAIenv"), ("ALIBABA_CLOUD_ACCESS_KEY_SECRET", "s")];
        let of = |file, profile| found(&variables, file, profile).expect("is found");
        assert_eq!(texts(&of(Some(CONFIG), None)), [Some("LTAIenv"), Some("s"), None]);
        let named = of(Some(CONFIG), Some("default"));
        assert_eq!(texts(&named), [Some("LTAIdefault"), Some("hunter2"), None]);
        assert_eq!(named.regions, ["cn-hangzhou"]);
        let current = found(&variables[..1], Some(CONFIG), None).expect("is found");
        assert_eq!(texts(&current), [Some("STS.work"), Some("hunter3"), Some("hunter4")]);
        assert!(current.regions.is_empty());
        let chosen = found(&[("ALIBABA_CLOUD_PROFILE", "default")], Some(CONFIG), None).expect("is found");
        assert_eq!(texts(&chosen)[0], Some("LTAIdefault"));
        assert!(found(&[], None, None).expect("is no error").credentials.is_empty());
        let endpoint = found(&[("ALIYUN_ENDPOINT", "127.0.0.1:8404")], None, None).expect("is found").url;
        assert_eq!(endpoint.as_deref(), Some("127.0.0.1:8404"));
    }

    #[test]
    fn what_cannot_be_read_is_said_without_secrets() {
        for (file, profile, said) in [
            (Some(CONFIG), Some("role"), "RamRoleArn"),
            (Some(CONFIG), Some("home"), "no profile `home`"),
            (Some(r#"{"profiles": [{"access_key_secret": ["hunter2"]}]}"#), None, "line 1"),
            (Some("hunter2"), None, "line 1"),
            (None, Some("home"), "no such file"),
        ] {
            let error = found(&[], file, profile).expect_err("cannot be read").to_string();
            assert!(error.contains(said) && !error.contains("hunter"), "{error}");
        }
    }

    #[test]
    fn a_key_has_what_it_needs_and_is_shown_to_nobody() {
        let keys = |pairs: &[(&str, &str)]| {
            let mut credentials = Credentials::default();
            for (name, value) in pairs {
                credentials.set(name, value);
            }
            Keys::of(&credentials)
        };
        let whole = [("access_key_id", "LTAI0123456789"), ("access_key_secret", "hunter2")];
        let key = keys(&whole).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(key.shown(), "LTAI...6789");
        assert_eq!(key.masked("LTAI0123456789 signs with hunter2"), "*** signs with ***");
        let wanting: [&[(&str, &str)]; 5] = [
            &whole[..1],
            &whole[1..],
            &[("access_key_id", "STS.1"), whole[1]],
            &[("access_key_id", "a,b"), whole[1]],
            &[whole[0], whole[1], ("security_token", "hunter\n3")],
        ];
        for pairs in wanting {
            let error = keys(pairs).err().expect("is wanting").to_string();
            assert!(!error.contains("hunter"), "{error}");
        }
    }
}
