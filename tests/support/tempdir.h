/* tempdir - a folder of its own for a test, gone afterwards with all that is in it. */
#ifndef MG_TESTS_SUPPORT_TEMPDIR_H
#define MG_TESTS_SUPPORT_TEMPDIR_H

enum { KIT_PATH = 512 };

/* Makes the folder; `out` gets its absolute path. */
void kit_tempdir_make(char out[KIT_PATH]);
/* Removes it, read-only folders included. */
void kit_tempdir_remove(const char *path);
/* `dir`/`name` in `out`. */
void kit_path(const char *dir, const char *name, char out[KIT_PATH]);
/* A file with this text. */
void kit_write_file(const char *path, const void *bytes, unsigned long len);
/* How many entries of the folder begin with `prefix`; the last one's name in `out` (KIT_PATH bytes) unless NULL. */
int kit_count(const char *dir, const char *prefix, char *out);

#endif
