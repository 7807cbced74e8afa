//! `DescribeRegions`: the default region, and those that the account's instances are in. All of them are served here.

use std::collections::BTreeSet;

use http::Uri;
use http::header::HOST;
use perennial_core::product::Kind;

use super::context::{Answer, Answered, Context};
use super::found::{DEFAULT_REGION, Found, load_all};
use super::table::Row;
use crate::aliyun::wire::region::{Described, Region, Regions};

pub(super) const ROWS: &[Row] = &[Row::read("/?Action=DescribeRegions&Version=2014-05-26", "regions", describe)];

/// The provider's own regions, with their names in Chinese and in English. They exist, whatever is in them: programs walk
/// through them. Others go by their ids, and exist where something is.
const REGIONS: &[(&str, &str, &str)] = &[
    ("cn-hangzhou", "华东1（杭州）", "China (Hangzhou)"),
    ("cn-shanghai", "华东2（上海）", "China (Shanghai)"),
    ("cn-zhangjiakou", "华北3（张家口）", "China (Zhangjiakou)"),
    ("cn-huhehaote", "华北5（呼和浩特）", "China (Hohhot)"),
    ("cn-wulanchabu", "华北6（乌兰察布）", "China (Ulanqab)"),
    ("cn-heyuan", "华南2（河源）", "China (Heyuan)"),
    ("cn-guangzhou", "华南3（广州）", "China (Guangzhou)"),
    ("cn-chengdu", "西南1（成都）", "China (Chengdu)"),
    ("ap-southeast-3", "马来西亚（吉隆坡）", "Malaysia (Kuala Lumpur)"),
    ("ap-southeast-5", "印度尼西亚（雅加达）", "Indonesia (Jakarta)"),
    ("ap-southeast-6", "菲律宾（马尼拉）", "Philippines (Manila)"),
    ("ap-southeast-7", "泰国（曼谷）", "Thailand (Bangkok)"),
    ("ap-northeast-2", "韩国（首尔）", "South Korea (Seoul)"),
    ("eu-west-1", "英国（伦敦）", "UK (London)"),
    ("me-east-1", "阿联酋（迪拜）", "UAE (Dubai)"),
    ("cn-qingdao", "华北1（青岛）", "China (Qingdao)"),
    ("cn-beijing", "华北2（北京）", "China (Beijing)"),
    ("cn-shenzhen", "华南1（深圳）", "China (Shenzhen)"),
    ("cn-hongkong", "中国香港", "China (Hong Kong)"),
    ("ap-southeast-1", "新加坡", "Singapore"),
    ("ap-northeast-1", "日本（东京）", "Japan (Tokyo)"),
    ("eu-central-1", "德国（法兰克福）", "Germany (Frankfurt)"),
    ("us-east-1", "美国（弗吉尼亚）", "US (Virginia)"),
    ("us-west-1", "美国（硅谷）", "US (Silicon Valley)"),
];

fn describe(context: &Context<'_>) -> Answered {
    let seen = load_all(context, Some(Kind::Instance))?;
    let found = Found::all(context, &seen);
    let regions: BTreeSet<_> = found.iter().map(Found::region).chain([DEFAULT_REGION]).collect();
    let (endpoint, language) = (endpoint(context), context.text("AcceptLanguage"));
    let region = |id: &str| Region {
        region_id: id.to_owned(),
        region_endpoint: endpoint.clone(),
        local_name: local_name(id, language).to_owned(),
        status: "available",
    };
    Answer::json(&Described { regions: Regions { region: regions.into_iter().map(region).collect() } })
}

/// The host that serves: of the seller's public URL, else the one that was asked.
fn endpoint(context: &Context<'_>) -> String {
    let asked = || context.request.headers.get(HOST)?.to_str().ok();
    let public = context.aliyun.settings.public_urls.first().and_then(|url| host(url));
    public.or_else(|| asked().map(str::to_owned)).unwrap_or_default()
}

/// The host of a URL, with its port if it has one.
fn host(url: &str) -> Option<String> {
    url.parse::<Uri>().ok()?.authority().map(ToString::to_string)
}

/// Whether a region is one of the provider's own.
pub(super) fn is_known(id: &str) -> bool {
    REGIONS.iter().any(|(known, ..)| *known == id)
}

/// The name of a region for people: in Chinese, unless another language is asked for (documented).
fn local_name<'a>(id: &'a str, language: Option<&str>) -> &'a str {
    let is_chinese = language.is_none_or(|language| language.starts_with("zh"));
    let named = REGIONS.iter().find(|(known, ..)| *known == id);
    named.map_or(id, |(_, chinese, english)| if is_chinese { chinese } else { english })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_is_a_host_with_its_port() {
        for (url, of) in [
            ("https://ecs.example.net", Some("ecs.example.net")),
            ("http://127.0.0.1:8404", Some("127.0.0.1:8404")),
            ("http://[::1]:8404/", Some("[::1]:8404")),
            ("/", None),
            ("", None),
        ] {
            assert_eq!(host(url).as_deref(), of, "{url}");
        }
    }

    #[test]
    fn a_region_has_a_name_in_the_language_that_was_asked_for() {
        for (id, language, name) in [
            ("cn-hangzhou", None, "华东1（杭州）"),
            ("cn-hangzhou", Some("zh-CN"), "华东1（杭州）"),
            ("cn-hangzhou", Some("en-US"), "China (Hangzhou)"),
            ("cn-nowhere", None, "cn-nowhere"),
        ] {
            assert_eq!(local_name(id, language), name, "{id} {language:?}");
        }
    }
}
