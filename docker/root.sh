#!/bin/sh
# Lays out the root file system of the image: the binary, every library it loads, their licences and package records.
# usage: root.sh BINARY FOLDER
set -eu
binary=$1
root=$2

# Debian's own layout: /lib and /lib64 are links into /usr.
mkdir -p "$root/usr/bin" "$root/usr/lib" "$root/usr/lib64" "$root/usr/share/doc/memgate" "$root/usr/share/common-licenses" \
    "$root/var/lib/dpkg/status.d" "$root/etc" "$root/app" "$root/tmp" "$root/run"
ln -s usr/lib "$root/lib"
ln -s usr/lib64 "$root/lib64"
chmod 1777 "$root/tmp" "$root/run"
install -m 755 -s "$binary" "$root/usr/bin/memgate"
echo 'root:x:0:0:root:/:/none
memgate:x:10001:10001:memgate:/app:/none' >"$root/etc/passwd"
echo 'root:x:0:
memgate:x:10001:' >"$root/etc/group"
echo 'hosts: files dns' >"$root/etc/nsswitch.conf"

# The package that a library came with; it may be listed with or without the /usr that its folder is a link to.
package_of() {
    dpkg-query -S "$1" 2>/dev/null || dpkg-query -S "${1#/usr}" 2>/dev/null || dpkg-query -S "/usr$1"
}

# Where a package keeps its licence; slim bases drop links, so a sibling of the same source may have it.
licence_of() {
    source=$(dpkg-query -W -f '${source:Package}' "$1")
    for sibling in "$1" $(dpkg-query -W -f '${source:Package} ${Package}\n' | sed -n "s/^$source //p"); do
        [ ! -f "/usr/share/doc/$sibling/copyright" ] || { echo "/usr/share/doc/$sibling/copyright"; return; }
    done
    echo "no licence of $1 is installed" >&2
    return 1
}

libraries=$(ldd "$binary" | sed -n 's/.*=> \(\/[^ ]*\) .*/\1/p; s/^[[:space:]]*\(\/[^ ]*\) .*/\1/p')
packages=$(for library in $libraries; do
    mkdir -p "$root$(dirname "$library")"
    cp -L "$library" "$root$library"
    package_of "$(readlink -f "$library")" | sed 's/: .*//; s/:[a-z0-9]*$//'
done | sort -u)

for package in $packages; do
    mkdir -p "$root/usr/share/doc/$package"
    licence=$(licence_of "$package")
    cp -L "$licence" "$root/usr/share/doc/$package/copyright"
    dpkg-query -s "$package" >"$root/var/lib/dpkg/status.d/$package" # scanners look for known weaknesses here
done
cp -L /usr/share/common-licenses/* "$root/usr/share/common-licenses/"
cp LICENSE "$root/usr/share/doc/memgate/copyright"
{
    echo 'memgate is under the MIT licence (/usr/share/doc/memgate/copyright). This image also holds, unchanged, libraries of'
    echo 'these Debian 12 packages; the licence of each stands in /usr/share/doc/<package>/copyright, its source is at'
    echo 'https://sources.debian.org/src/<source package>/<version>/:'
    echo
    for package in $packages; do
        dpkg-query -W -f '  ${binary:Package} ${Version} (source ${source:Package} ${source:Version})\n' "$package"
    done
} >"$root/usr/share/doc/memgate/THIRD-PARTY-NOTICES"
