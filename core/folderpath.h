/* folderpath - paths into folders: what MEM_DUMP_PATH means, and what a client may name.
 *
 * Owns     : nothing; a descriptor it opens is the caller's.
 * Thread   : any.
 * Fails    : MG_ERR_INVALID for a path that breaks a rule or leaves the root, MG_ERR_NOT_FOUND, MG_ERR_IO; sentences never say whether a file outside the root exists.
 * Not here : the folder itself (core/folder.h).
 * Source   : dump-format.md section 8 (hint) and section 13 (client paths).
 */
#ifndef MG_CORE_FOLDERPATH_H
#define MG_CORE_FOLDERPATH_H

#include "core/folder.h"

enum { MG_CLIENT_PATH_MAX = 1024, MG_CLIENT_DEPTH_MAX = 8 };

/* Divides a hint: `out_dir` (room for strlen(hint) + 2 bytes) and `out_stem` (MG_STEM_MAX + 1). `is_dir` says whether the
 * hint names an existing folder. MG_ERR_INVALID: the stem is empty, too long, or begins with '.'. */
MG_MUST_USE mg_status_t mg_folderpath_split(const char *hint,
                                            bool is_dir,
                                            char *out_dir,
                                            char *out_stem);

/* Checks a client's path and makes it relative to `root`: 1-1024 bytes of [A-Za-z0-9._ /-]; an absolute one must begin
 * with the root, which is cut off. `out` has room for MG_CLIENT_PATH_MAX + 1 bytes; "" is the root itself. */
MG_MUST_USE mg_status_t mg_folderpath_check(const mg_folder_t *root,
                                            const char *path,
                                            char *out,
                                            mg_fault_t *why);

/* The absolute path of what mg_folderpath_check made relative; `out` has room for `size` bytes. */
void mg_folderpath_show(const mg_folder_t *root, const char *relative, char *out, size_t size);

/* The folder that a dump asked for at `path` goes to: by Doorman's directory-or-file rule below the root, without
 * following any link. With `make_dir` one missing folder is created directly below the root. */
MG_MUST_USE mg_status_t mg_folderpath_open_folder(const mg_folder_t *root,
                                                  const char *path,
                                                  bool make_dir,
                                                  mg_folder_t **out,
                                                  mg_fault_t *why);
/* A file below the root, for reading; a regular one. *out_fd is the caller's. */
MG_MUST_USE mg_status_t mg_folderpath_open_file(const mg_folder_t *root,
                                                const char *path,
                                                int *out_fd,
                                                mg_fault_t *why);

#endif
