<?php
// PHP's curl and stream wrapper. See mod.rs for what is read and printed.
$folder = getenv('CREDIT_DIR');
$url = getenv('CREDIT_URL');
[$ca, $cert, $key] = ["$folder/ca.pem", "$folder/institutions/housing.pem", "$folder/institutions/housing.key"];
$type = 'Content-Type: application/json';

function of_curl(string $path, array $options): array {
    global $url, $ca, $cert, $key;
    $call = curl_init($url . $path);
    curl_setopt_array($call, $options + [
        CURLOPT_RETURNTRANSFER => true, CURLOPT_CAINFO => $ca, CURLOPT_SSLCERT => $cert, CURLOPT_SSLKEY => $key, CURLOPT_TIMEOUT => 20,
    ]);
    $text = curl_exec($call);
    $version = curl_getinfo($call, CURLINFO_HTTP_VERSION) == CURL_HTTP_VERSION_2 ? 'h2' : 'h1.1';
    return [curl_getinfo($call, CURLINFO_RESPONSE_CODE), $version, $text === false ? curl_error($call) : $text];
}

function file_of(string $text) {
    $file = tmpfile();
    fwrite($file, $text);
    rewind($file);
    return $file;
}

function read_of(string $text): callable {
    $file = file_of($text);
    return fn($call, $unused, $length) => fread($file, $length);
}

function of_stream(string $text): array {
    global $url, $ca, $cert, $key, $type;
    $context = stream_context_create([
        'http' => ['method' => 'POST', 'header' => $type, 'content' => $text, 'ignore_errors' => true, 'timeout' => 20],
        'ssl' => ['cafile' => $ca, 'local_cert' => $cert, 'local_pk' => $key],
    ]);
    $answer = file_get_contents("$url/v1/queries", false, $context);
    return [(int) explode(' ', $http_response_header[0])[1], 'h1.1', $answer];
}

$h1 = [CURLOPT_HTTP_VERSION => CURL_HTTP_VERSION_1_1, CURLOPT_HTTPHEADER => [$type]];
$h2 = [CURLOPT_HTTPHEADER => [$type]];
$post = [CURLOPT_POST => true];
$put = [CURLOPT_UPLOAD => true, CURLOPT_CUSTOMREQUEST => 'POST'];
$rows = [
    'POSTFIELDS h2' => fn($text) => of_curl('/v1/queries', $h2 + [CURLOPT_POSTFIELDS => $text]),
    'POSTFIELDS h1' => fn($text) => of_curl('/v1/queries', $h1 + [CURLOPT_POSTFIELDS => $text]),
    'POSTFIELDS array' => fn($text) => of_curl('/v1/queries', [CURLOPT_POSTFIELDS => json_decode($text, true)]),
    'READFUNCTION h1' => fn($text) => of_curl('/v1/queries', $h1 + $put + [CURLOPT_READFUNCTION => read_of($text)]),
    'READFUNCTION h2' => fn($text) => of_curl('/v1/queries', $h2 + $put + [CURLOPT_READFUNCTION => read_of($text)]),
    'INFILE without size h1' => fn($text) => of_curl('/v1/queries', $h1 + $put + [CURLOPT_INFILE => file_of($text)]),
    'stream wrapper' => fn($text) => of_stream($text),
];
$answers = [];
foreach ($rows as $name => $call) $answers[$name] = $call(trim(fgets(STDIN)));
foreach ($answers as $name => [$status, $version, $text]) {
    $said = json_decode($text, true);
    $verdict = "$status $version " . ($said['code'] ?? '');
    for ($round = 0; $status == 200 && $round < 100 && !str_ends_with($verdict, 'receipt'); $round++) {
        [$got, , $receipt] = of_curl("/v1/receipts/{$said['query']}", []);
        if ($got == 200 && str_starts_with($receipt, "c2sp.org/tlog-proof@v1\n")) $verdict .= 'receipt';
        else usleep(100000);
    }
    echo "PHP $name\t$verdict\n";
}
