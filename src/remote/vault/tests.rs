use super::*;

#[test]
fn paths_of_keys() {
    assert_eq!(split_key("transit/keys/release"), Some(("transit", "release")));
    assert_eq!(split_key("team/transit/keys/release"), Some(("team/transit", "release")));
    for bad in
        ["", "release", "transit/release", "/keys/x", "transit/keys/", "a/../b/keys/x", "t/keys/a/b", "t/keys/a?b"]
    {
        assert_eq!(split_key(bad), None, "{bad}");
    }
}
