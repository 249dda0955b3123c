/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#ifndef OCI_VTPM_STORE_INTERNAL_H
#define OCI_VTPM_STORE_INTERNAL_H

/* What the files of the store share; store.h is the contract.  */

#include <sys/types.h>

#include "store.h"
#include "store_meta.h"

#define VTPM_STORE_STATE "state"
#define VTPM_STORE_STATE_NEW "state.new"
#define VTPM_STORE_PREVIOUS "state.previous"
#define VTPM_STORE_PREVIOUS_NEW "state.previous.new"
#define VTPM_STORE_META "meta.json"
#define VTPM_STORE_META_NEW "meta.json.new"

/* store_place.c: directories and the lock.  */

/* An instance's directory, locked.  Nothing in it is followed if it is a
   symbolic link, and neither are the directories below the state directory.  */
struct vtpm_store_place
{
  struct vtpm_instance_id id;
  char *path; /* for messages */
  int instances_fd;
  int scope_fd;
  int dir_fd;
  int lock_fd;
};

#define VTPM_STORE_NO_PLACE \
  { .instances_fd = -1, .scope_fd = -1, .dir_fd = -1, .lock_fd = -1 }

/* Errors: ENOENT, no such instance and not CREATE; EBUSY.  */
int vtpm_store_place_open (const char *state_dir, const struct vtpm_instance_id *id, bool create,
                           const char *holder, struct vtpm_store_place *place,
                           struct vtpm_error **error);

/* Unlocks.  Closing twice is harmless.  */
void vtpm_store_place_close (struct vtpm_store_place *place);

#define _cleanup_place_ VTPM_CLEANUP (vtpm_store_place_close)

int vtpm_store_open_instances (const char *state_dir, int *fd, struct vtpm_error **error);

/* A directory in DIR_FD; -1 with errno set.  */
int vtpm_store_open_directory (int dir_fd, const char *name);

/* store_remove.c */

/* Removes the locked directory with all files in it, and its scope's if that is
   the last.  */
int vtpm_store_place_remove (struct vtpm_store_place *place, struct vtpm_error **error);

/* Whether nothing is in the directory but what an instance without a state
   leaves.  */
bool vtpm_store_place_is_blank (const struct vtpm_store_place *place);

/* store_read.c */

struct vtpm_store_content
{
  bool has_state; /* false: there never was one */
  bool has_meta;  /* false: the first commit was cut short, or there was none */
  uint8_t *file;  /* of `state`; the caller frees it */
  size_t size;    /* of `state`, known even where it could not be read */
  struct vtpm_state_header header; /* all zeros where it could not be read */
  struct vtpm_store_meta meta;
};

/* Reads an instance and makes every check that needs no key.  PREFIX is put
   before file names in messages.  Where it fails, *CONTENT has what was found
   before; the caller frees CONTENT->file in any case.  */
int vtpm_store_read (int dir_fd, const char *prefix, const struct vtpm_instance_id *id,
                     struct vtpm_store_content *content, struct vtpm_error **error);

/* store_commit.c */

struct vtpm_store
{
  struct vtpm_store_place place;
  const struct vtpm_store_calls *calls;
  struct vtpm_state_header header; /* of the last commit; generation 0: none */
  struct vtpm_instance_key key;    /* for the next commit */
  enum vtpm_tpm_version version;
  struct vtpm_store_meta meta;
  bool blank;      /* there was nothing when it was opened, and still is */
  bool has_meta;   /* meta.json is there */
  bool meta_due;   /* and is brought up to date before the next commit */
  bool undo_due;   /* a failed commit could not be undone yet */
  uint8_t *permanent;
  size_t permanent_size;
};

extern const struct vtpm_store_calls vtpm_store_kernel_calls;

/* Where a failed commit could not be undone: tries again.  */
int vtpm_store_undo (struct vtpm_store *store, struct vtpm_error **error);

#endif
