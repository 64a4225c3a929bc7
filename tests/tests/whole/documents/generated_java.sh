# Generates a Java client with openapi-generator, compiles it with every lint, and runs Generated.java with it: JAR DOCUMENT
# FOLDER PROGRAM, and on standard input what that reads.
set -euo pipefail
jar=$1 document=$2 folder=$3 program=$4
cd "$folder"
java -jar "$jar" generate -g java -i "$document" -o client \
  --additional-properties=library=native,openApiNullable=false,useJakartaEe=true >generated.log 2>&1
if grep ERROR generated.log; then exit 1; fi
# Debian has no jackson-datatype-jsr310, and nothing in the document is an instant: these stand for it.
stub() {
  mkdir -p "stubs/$1"
  printf 'package %s;\npublic class %s extends com.fasterxml.jackson.databind.module.SimpleModule { private static final long serialVersionUID = 1L; }\n' \
    "${1//\//.}" "$2" >"stubs/$1/$2.java"
}
stub com/fasterxml/jackson/datatype/jsr310 JavaTimeModule
stub org/openapitools/client RFC3339JavaTimeModule
mapfile -t sources < <(find client/src/main -name '*.java' ! -name 'RFC3339InstantDeserializer.java' ! -name 'RFC3339JavaTimeModule.java'; find stubs -name '*.java')
path=.
for name in jackson-annotations jackson-core jackson-databind jakarta-annotation-api; do path+=":/usr/share/java/$name.jar"; done
javac -Xlint:all -Werror -proc:none -encoding UTF-8 -cp "$path" -d . "${sources[@]}" "$program"
exec java -cp "$path" Generated
