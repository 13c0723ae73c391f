#!/usr/bin/env bash
# OpenSearch 2.19.4 (org.opensearch.distribution.integ-test-zip, with the modules lang-painless and ingest-common, all
# from Maven Central): an ingest pipeline rewrites the document and converts its numbers to doubles, even if its only
# processor sets one other field. A decimal loses its trailing zeros or its digits. A number beyond a double becomes a
# text. A keyword search for the original text finds nothing. Without a pipeline, or with one that has no processors,
# every byte of the document stays the same. In all three cases integers of any length stay the same.
# Seen: none {"a":1.10,"b":-123456789012345678901234.5,"c":1e400,"d":18446744073709551616}
#       set {"a":1.1,"b":-1.2345678901234569E23,"c":"Infinity","d":18446744073709551616,"f":1}, found 0
# Needs Maven, a JDK of 17 to 23, curl, python3, and, as root, the user nobody (OpenSearch refuses root).
set -euo pipefail
folder=$(mktemp -d)
node=
trap '[[ -z $node ]] || kill "$node" 2>/dev/null || true; wait 2>/dev/null || true; rm -rf "$folder"' EXIT
cd "$folder"
version=2.19.4
dependency() { echo "<dependency><groupId>$1</groupId><artifactId>$2</artifactId><version>$3</version><type>${4:-jar}</type></dependency>"; }
{
	echo '<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>'
	echo '<groupId>x</groupId><artifactId>x</artifactId><version>1</version><packaging>pom</packaging><dependencies>'
	dependency org.opensearch.distribution.integ-test-zip opensearch $version zip
	dependency org.opensearch.plugin lang-painless $version
	dependency org.opensearch.plugin opensearch-scripting-painless-spi $version
	dependency org.antlr antlr4-runtime 4.13.1
	for part in asm asm-util asm-tree asm-commons asm-analysis; do dependency org.ow2.asm $part 9.7; done
	dependency org.opensearch.plugin ingest-common $version
	dependency org.opensearch opensearch-grok $version
	dependency org.opensearch opensearch-dissect $version
	dependency org.jruby.joni joni 2.2.1
	dependency org.jruby.jcodings jcodings 1.0.61
	echo '</dependencies></project>'
} >pom.xml
mvn -q -B org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies -DexcludeTransitive=true -DoutputDirectory="$folder/jars" >&2
python3 -m zipfile -e jars/opensearch-$version.zip .
server=$folder/opensearch-$version
module() { # name, class, extended module, jars
	mkdir "$server/modules/$1"
	printf 'description=%s\nversion=%s\nname=%s\nclassname=%s\njava.version=11\nopensearch.version=%s\nextended.plugins=%s\nhas.native.controller=false\n' \
		"$1" $version "$1" "$2" $version "$3" >"$server/modules/$1/plugin-descriptor.properties"
	local target=$server/modules/$1
	shift 3
	for jar; do cp jars/"$jar"-[0-9]*.jar "$target/"; done
}
module lang-painless org.opensearch.painless.PainlessPlugin "" lang-painless opensearch-scripting-painless-spi antlr4-runtime asm asm-util asm-tree asm-commons asm-analysis
module ingest-common org.opensearch.ingest.common.IngestCommonPlugin lang-painless ingest-common opensearch-grok opensearch-dissect joni jcodings
cat >"$server/modules/lang-painless/plugin-security.policy" <<'POLICY'
grant {
  permission java.lang.RuntimePermission "createClassLoader";
  permission java.lang.RuntimePermission "getClassLoader";
  permission org.opensearch.script.ClassPermission "<<STANDARD>>";
};
POLICY
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
printf 'discovery.type: single-node\nhttp.host: 127.0.0.1\nhttp.port: %s\ntransport.port: 0\n' "$port" >"$server/config/opensearch.yml"
chmod +x "$server"/bin/opensearch*
run=()
if ((EUID == 0)); then
	chmod 755 "$folder"
	chown -R nobody "$server"
	run=(setpriv --reuid=nobody --clear-groups)
fi
java=$(readlink -f "${JAVA_HOME:-$(dirname "$(dirname "$(readlink -f "$(command -v java)")")")}")
"${run[@]}" env OPENSEARCH_JAVA_HOME="$java" OPENSEARCH_JAVA_OPTS="-Xms512m -Xmx512m" "$server/bin/opensearch" >log 2>&1 &
node=$!
call() { curl -sS -X "$1" "http://127.0.0.1:$port$2" -H 'Content-Type: application/json' "${@:3}"; }
for ((i = 0; i < 180; i++)); do
	call GET / >/dev/null 2>&1 && break
	kill -0 $node 2>/dev/null || { cat log >&2; exit 1; }
	sleep 1
done
call PUT /_ingest/pipeline/set -d '{"processors":[{"set":{"field":"f","value":1}}]}' >/dev/null
call PUT /_ingest/pipeline/empty -d '{"processors":[]}' >/dev/null
document='{"a":1.10,"b":-123456789012345678901234.5,"c":1e400,"d":18446744073709551616}'
for pipeline in none empty set; do
	with=
	[[ $pipeline == none ]] || with="&pipeline=$pipeline"
	call PUT /$pipeline -d '{"mappings":{"dynamic_templates":[{"all":{"match_mapping_type":"*","mapping":{"type":"keyword"}}}]}}' >/dev/null
	call PUT "/$pipeline/_doc/1?refresh=true$with" -d "$document" >/dev/null
	found=$(call GET "/$pipeline/_count?q=a:1.10" | python3 -c 'import json, sys; print(json.load(sys.stdin)["count"])')
	echo "$pipeline $(call GET /$pipeline/_source/1), found $found"
done | tee seen
diff seen - <<'SEEN'
none {"a":1.10,"b":-123456789012345678901234.5,"c":1e400,"d":18446744073709551616}, found 1
empty {"a":1.10,"b":-123456789012345678901234.5,"c":1e400,"d":18446744073709551616}, found 1
set {"a":1.1,"b":-1.2345678901234569E23,"c":"Infinity","d":18446744073709551616,"f":1}, found 0
SEEN
