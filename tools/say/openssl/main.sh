# openssl s_client, as people do to look at a certificate.
host=$(printf '%s' "$1" | sed -E 's#^wss?://([^/]*)/.*#\1#')
name=${host%%:*}
case $host in *:*) ;; *) host=$host:443 ;; esac
exec openssl s_client -connect "$host" -servername "$name" -verify_hostname "$name" -verify_return_error -brief </dev/null
