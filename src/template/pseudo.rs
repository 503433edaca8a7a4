//! Pseudo parameters that a Region decides, or that nested stacks share.
//!
//! Owns which partition a Region is in and what its hosts' names end with. Must not know where a Region comes from.
//!
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/pseudo-parameter-reference.html>; the partitions are those
//! of AWS's SDKs (<https://github.com/boto/botocore/blob/develop/botocore/data/partitions.json>).

/// The partitions whose Regions are told by how their names begin: that, its name, and what its hosts' names end with.
const PARTITIONS: [(&str, &str, &str); 8] = [
    ("cn-", "aws-cn", "amazonaws.com.cn"),
    ("us-gov-", "aws-us-gov", "amazonaws.com"),
    ("us-iso-", "aws-iso", "c2s.ic.gov"),
    ("us-isob-", "aws-iso-b", "sc2s.sgov.gov"),
    ("eu-isoe-", "aws-iso-e", "cloud.adc-e.uk"),
    ("us-isof-", "aws-iso-f", "csp.hci.ic.gov"),
    ("eu-isof-", "aws-iso-f", "csp.hci.ic.gov"),
    ("eusc-", "aws-eusc", "amazonaws.eu"),
];

/// How the names of the other Regions begin, all of one partition.
const OTHERS: [&str; 9] = ["us-", "eu-", "ap-", "sa-", "ca-", "me-", "af-", "il-", "mx-"];

/// Those that a nested stack shares with the stack above it.
pub(super) const OF_NESTED_STACKS: &[&str] =
    &["AWS::AccountId", "AWS::Partition", "AWS::Region", "AWS::URLSuffix"];

/// What a pseudo parameter is in a Region; `None`: the Region does not tell, or is not known here.
pub(super) fn of_region(name: &str, region: &str) -> Option<&'static str> {
    if !matches!(name, "AWS::Partition" | "AWS::URLSuffix") {
        return None;
    }
    let of_partition = PARTITIONS.iter().find(|(beginning, ..)| region.starts_with(beginning));
    let (partition, suffix) = match of_partition {
        Some((_, partition, suffix)) => (*partition, *suffix),
        // Of a partition that is too new to be listed.
        None if region.contains("-iso") => return None,
        None => OTHERS.iter().any(|other| region.starts_with(other)).then_some(("aws", "amazonaws.com"))?,
    };
    Some(if name == "AWS::Partition" { partition } else { suffix })
}

#[cfg(test)]
mod tests {
    use super::of_region;

    #[test]
    fn a_region_tells_its_partition() {
        for (region, partition, suffix) in [
            ("eu-west-1", Some("aws"), Some("amazonaws.com")),
            ("us-gov-east-1", Some("aws-us-gov"), Some("amazonaws.com")),
            ("cn-north-1", Some("aws-cn"), Some("amazonaws.com.cn")),
            ("us-isob-east-1", Some("aws-iso-b"), Some("sc2s.sgov.gov")),
            ("eusc-de-east-1", Some("aws-eusc"), Some("amazonaws.eu")),
            ("us-isox-east-1", None, None),
            ("moon-1", None, None),
        ] {
            assert_eq!(of_region("AWS::Partition", region), partition, "{region}");
            assert_eq!(of_region("AWS::URLSuffix", region), suffix, "{region}");
            assert_eq!(of_region("AWS::AccountId", region), None);
        }
    }
}
