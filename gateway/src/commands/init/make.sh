#!/bin/sh
# Certificates by openssl. 用 openssl 制作证书。
#
#   make.sh                a private test authority, its revocation list, and the server's certificate
#                          私有测试证书机构、其吊销列表与服务器证书
#   make.sh client NAME    a client certificate of it: clients/NAME.pem and clients/NAME.key 签发机构的客户端证书
#   make.sh revoke NAME    puts that certificate on the revocation list 吊销该证书
#   make.sh list           renews the revocation list 更新吊销列表
#   make.sh renew          the server's next certificate, with the names in openssl.cnf 以 openssl.cnf 中的名称续发服务器证书
#   make.sh request        no authority: the server's key, and a request for an authority of yours to sign
#                          不建机构：仅生成服务器私钥与证书请求，交由贵单位的证书机构签发
#
# The authority's key stays in this folder, so it is for a first try. 机构私钥就在本文件夹，仅供试用。
set -eu
umask 077
cd "$(dirname "$0")"

quietly() { "$@" 2> openssl.log || { cat openssl.log >&2; exit 1; }; }
new_key() { quietly openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$1"; }
request() { quietly openssl req -new -config openssl.cnf "$@"; }
ca() { quietly openssl ca -config openssl.cnf -batch "$@"; }
list() { ca -gencrl -crlexts list -out new.crl && mv new.crl ../tls/crl.pem; }
first() { if [ ! -e ca.key ]; then echo "there is no authority yet: run make.sh first 尚无证书机构：请先运行 make.sh" >&2; exit 1; fi; }
keep() { if [ -e "$1" ]; then echo "$1: exists, nothing was changed 已存在，未作改动" >&2; exit 1; fi; }

authority() {
  keep ca.key
  mkdir -p issued
  : > index.txt
  echo 01 > crlnumber
  new_key ca.key
  # X.509 version 3 with the extensions of RFC 5280, section 4.2: what is without them is refused.
  quietly openssl req -x509 -config openssl.cnf -extensions authority -days 3650 -key ca.key -out ../tls/ca.pem
  list
}

server() {
  keep ../tls/server.key
  new_key ../tls/server.key
  request -key ../tls/server.key -subj "/CN=@NAME@" -reqexts server_request -out server.csr
}

case ${1:-} in
  '')
    authority
    server
    ca -notext -extensions server -in server.csr -out ../tls/server.pem
    ;;
  client)
    first
    mkdir -p ../clients
    keep "../clients/$2.key"
    # Under another name until the certificate is there: what fails can be done again.
    new_key "../clients/$2.new"
    request -key "../clients/$2.new" -subj "/CN=$2" -out "$2.csr"
    ca -notext -extensions client -in "$2.csr" -out "../clients/$2.pem"
    mv "../clients/$2.new" "../clients/$2.key"
    ;;
  renew)
    first
    request -key ../tls/server.key -subj "/CN=@NAME@" -reqexts server_request -out server.csr
    ca -notext -extensions server -in server.csr -out server.new
    mv server.new ../tls/server.pem
    ;;
  revoke)
    first
    ca -revoke "../clients/$2.pem"
    list
    ;;
  list)
    first
    list
    ;;
  request) server ;;
  *)
    sed -n '/^#   /p' make.sh >&2
    exit 64
    ;;
esac
