# Generates a Java client with openapi-generator, compiles it with every lint, and runs Generated.java with it: JAR DOCUMENT
# FOLDER PROGRAM, and on standard input what that reads.
set -euo pipefail
jar=$1 document=$2 folder=$3 program=$4
cd "$folder"
java -jar "$jar" generate -g java -i "$document" -o client \
  --additional-properties=library=native,openApiNullable=false,useJakartaEe=true >generated.log 2>&1
if grep ERROR generated.log; then exit 1; fi
# Debian has no jackson-datatype-jsr310; of its types the document has days alone, and these stand for it.
mkdir -p stubs
cat >stubs/JavaTimeModule.java <<'END'
package com.fasterxml.jackson.datatype.jsr310;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.databind.DeserializationContext;
import com.fasterxml.jackson.databind.deser.std.StdDeserializer;
import com.fasterxml.jackson.databind.module.SimpleModule;
import com.fasterxml.jackson.databind.ser.std.ToStringSerializer;
import java.io.IOException;
import java.time.LocalDate;

public class JavaTimeModule extends SimpleModule {
    private static final long serialVersionUID = 1L;

    private static final class Day extends StdDeserializer<LocalDate> {
        private static final long serialVersionUID = 1L;

        Day() { super(LocalDate.class); }

        @Override
        public LocalDate deserialize(JsonParser parser, DeserializationContext context) throws IOException {
            return LocalDate.parse(parser.getText());
        }
    }

    public JavaTimeModule() {
        addDeserializer(LocalDate.class, new Day());
        addSerializer(LocalDate.class, ToStringSerializer.instance);
    }
}
END
cat >stubs/RFC3339JavaTimeModule.java <<'END'
package org.openapitools.client;

public class RFC3339JavaTimeModule extends com.fasterxml.jackson.databind.module.SimpleModule {
    private static final long serialVersionUID = 1L;
}
END
mapfile -t sources < <(find client/src/main -name '*.java' ! -name 'RFC3339InstantDeserializer.java' ! -name 'RFC3339JavaTimeModule.java'; find stubs -name '*.java')
path=.
for name in jackson-annotations jackson-core jackson-databind jakarta-annotation-api; do path+=":/usr/share/java/$name.jar"; done
javac -Xlint:all -Werror -proc:none -encoding UTF-8 -cp "$path" -d . "${sources[@]}" "$program"
exec java -cp "$path" Generated
