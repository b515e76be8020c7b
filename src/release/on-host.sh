# Brings one release up on its host, for the lifeboat at the other end of standard input and output. bash, as the user lifeboat.
#   $1 the app   $2 the release's name   $3 where releases are   $4 the certificate's file   $5 what makes HAProxy read it anew
#   $6 seconds to wait for the other end at most   $7 the same while that looks whether the app is well
# Where LIFEBOAT_ROOT is set, all paths are below it.
# It hears: a line `MODE BYTES SHA256 FILE` and the bytes of each file, `end`, then `go`, then `keep`. It says one word and its details a line.
# The release that runs is left only at `go`. Whatever is not followed by `keep` is undone: an error, another word, a lost connection.
set -u
umask 077
trap '' HUP PIPE # A connection that is lost must not end it half way.
app=$1 name=$2 base=${LIFEBOAT_ROOT:-}$3 pem=${LIFEBOAT_ROOT:-}$4 reload=$5 hear_s=$6 well_s=$7
new=$base/releases/$name log=$base/push.log

say() { printf '%s\n' "$*" 2>/dev/null; }
fail() { say "failed $*"; exit 1; }
# What docker said last: it may hold values, and the other end takes them out.
tell() { tail -n 8 "$log" | while IFS= read -r line || [ -n "$line" ]; do say "| $line"; done; }
hear() { local word; IFS= read -r -t "$2" word && [ "$word" = "$1" ]; }

for tool in docker flock sha256sum head; do command -v "$tool" >/dev/null || fail "missing $tool"; done
mkdir -p "$base/releases" && [ -d "${pem%/*}" ] || fail "missing $base"
exec 9>>"$base/lock"
flock -n 9 || fail busy
old=$(readlink "$base/current") || old=
rm -rf "$base"/releases/*.part
: >"$log"
trap 'rm -f "$log"' EXIT # Docker may have repeated a value.
say "ready ${old##*/}"

mkdir "$new.part" || fail lost
ended=
while IFS=' ' read -r -t "$hear_s" mode bytes sum file; do
  [ "$mode" = end ] && ended=1 && break
  head -c "$bytes" >"$new.part/$file" && chmod "$mode" "$new.part/$file"
  [ "$(sha256sum <"$new.part/$file")" = "$sum  -" ] || break
done
[ -n "$ended" ] || { rm -rf "$new.part"; fail lost; }
mv -T "$new.part" "$new" || fail lost
say received

# Nothing of this shell's environment may stand before a value of .env.
compose() {
  local in=$1
  shift
  (cd "$in" && exec env -i HOME="$HOME" PATH="$PATH" docker compose -p "$app" -f compose.yaml -f compose.lifeboat.yaml --env-file .env "$@") >>"$log" 2>&1 </dev/null 9>&-
}

compose "$new" config -q || { tell; rm -rf "$new"; fail config; }
compose "$new" pull || { tell; rm -rf "$new"; fail pull; }
say pulled
hear go "$hear_s" || { rm -rf "$new"; fail lost; }

reload() { $reload >>"$log" 2>&1 </dev/null 9>&-; }
certificate() {
  [ -f "$new/site.pem" ] || return 0
  if cmp -s "$new/site.pem" "$pem"; then rm "$new/site.pem"; return 0; fi
  rm -f "$pem.before"
  [ ! -f "$pem" ] || cp -p "$pem" "$pem.before" || return 1
  changed=1
  mv "$new/site.pem" "$pem" && reload
}
certificate_back() {
  [ -n "$changed" ] || return 0
  if [ -f "$pem.before" ]; then mv "$pem.before" "$pem"; else rm -f "$pem"; fi
  reload
}
back() {
  local code=0
  if [ -n "$old" ]; then compose "$base/$old" up -d --remove-orphans || code=1; else compose "$new" down --remove-orphans || code=1; fi
  certificate_back || code=1
  rm -rf "$new"
  [ "$code" = 0 ] || { tell; fail stuck "$1"; }
  fail "$1"
}

changed=
certificate || { tell; certificate_back; rm -rf "$new"; fail certificate; }
compose "$new" up -d --remove-orphans || { tell; back up; }
say up
hear keep "$well_s" || {
  : >"$log"
  compose "$new" ps -a --format '{{.Service}}: {{.Status}}'
  tell
  back unwell
}
ln -sfn "releases/$name" "$base/current.new" && mv -T "$base/current.new" "$base/current" || back link
rm -f "$pem.before"
say kept
cd "$base/releases" && ls -1d -- */ | sort | head -n -5 | grep -vxF "$name/" | xargs -r rm -rf --
