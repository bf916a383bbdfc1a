//! The list of libraries that "About" shows names every crate that the program is built of.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use toml::{Table, Value};

fn read(path: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(root.join(path)).unwrap()
}

fn table(path: &str) -> Table {
    read(path).parse().unwrap()
}

fn text<'a>(package: &'a Table, key: &str) -> &'a str {
    package[key].as_str().unwrap()
}

/// What the crate called `package` needs, as Cargo.lock names it: "name", or "name version" where there are several.
fn needs(package: &Table) -> Vec<&str> {
    let list = package.get("dependencies").and_then(Value::as_array);
    let names = list.into_iter().flatten().filter_map(Value::as_str);
    names.collect()
}

#[test]
fn the_list_of_libraries_names_every_crate_with_its_licence() {
    let (manifest, lock) = (table("Cargo.toml"), table("Cargo.lock"));
    let packages: Vec<&Table> = lock["package"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(Value::as_table)
        .collect();
    let find = |word: &str| {
        let (name, version) = word
            .split_once(' ')
            .map_or((word, None), |(n, v)| (n, Some(v)));
        let fits = |package: &&&Table| {
            text(package, "name") == name && version.is_none_or(|v| text(package, "version") == v)
        };
        *packages
            .iter()
            .find(fits)
            .unwrap_or_else(|| panic!("{word} is not in Cargo.lock"))
    };
    // All but what tests alone need.
    let mut direct: BTreeSet<&str> = manifest["dependencies"]
        .as_table()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    for target in manifest["target"].as_table().unwrap().values() {
        direct.extend(
            target["dependencies"]
                .as_table()
                .unwrap()
                .keys()
                .map(String::as_str),
        );
    }
    let own = needs(find("counterpoise")).into_iter();
    let mut todo: Vec<&str> = own
        .filter(|word| direct.contains(word.split(' ').next().unwrap()))
        .collect();
    let mut wanted = BTreeSet::new();
    while let Some(word) = todo.pop() {
        let package = find(word);
        if wanted.insert(format!(
            "{} {}",
            text(package, "name"),
            text(package, "version")
        )) {
            todo.extend(needs(package));
        }
    }
    let list = read("assets/licences/libraries.txt");
    let listed: BTreeMap<&str, &str> = list
        .lines()
        .map(|line| line.split_once(": ").unwrap())
        .collect();
    let listed_names: BTreeSet<String> = listed.keys().map(|&name| name.to_owned()).collect();
    assert!(
        wanted.len() > 100 && wanted.contains(&format!("egui {}", text(find("egui"), "version")))
    );
    let off: Vec<&String> = wanted.symmetric_difference(&listed_names).collect();
    assert!(
        off.is_empty(),
        "Cargo.lock has changed: run assets/licences/make_list.py; missing or too many: {off:?}"
    );
    assert!(listed.values().all(|licence| !licence.trim().is_empty()));
}
