/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#ifndef OCI_VTPM_KEPT_INFO_H
#define OCI_VTPM_KEPT_INFO_H

/* What is known of the instances that are kept, and of which vTPM runs on
   which.  */

#include "json.h"
#include "store.h"

/* All instances below STATE_DIR.  Becomes their owner for good (store_user.h).  The
   caller clears *LIST.  */
int vtpm_kept_info_list (const char *state_dir, struct vtpm_store_list *list,
                         struct vtpm_error **error);

#define _cleanup_store_list_ VTPM_CLEANUP (vtpm_store_list_clear)

/* Completes descriptions (vtpm_info.h) of vTPMs by what is known of their
   instances but the pool's: "uuid", "generation", "lastUsed" (seconds since 1970), "size".  Then
   appends a description of each instance that none of them runs on, with
   "instance", "tpmVersion", these, and a "state":

     "stopped"  it can be used
     "busy"     somebody else uses it: a vTPM that is about to start, or vtpmctl
     "damaged"  its state is not well-formed; "fault" says why
     "empty"    nothing has ever been written to it

   What is not known is left out.  */
int vtpm_kept_info_merge (json_object *descriptions, const struct vtpm_store_list *list,
                          struct vtpm_error **error);

#endif
