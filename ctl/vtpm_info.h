/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#ifndef OCI_VTPM_VTPM_INFO_H
#define OCI_VTPM_VTPM_INFO_H

/* What is known of the vTPMs on this host: their run-time directories, and
   what their supervisors answer.  */

#include "json.h"

struct vtpm_info_list
{
  size_t count;
  char **ids; /* sorted */
};

/* The ids of all vTPMs below BASE.  No BASE means none.  */
int vtpm_info_list_ids (const char *base, struct vtpm_info_list *list, struct vtpm_error **error);
void vtpm_info_list_clear (struct vtpm_info_list *list);

#define _cleanup_info_list_ VTPM_CLEANUP (vtpm_info_list_clear)

/* The whole id that PREFIX is, or is the only one's beginning.  The caller
   frees *ID.  */
int vtpm_info_find (const char *base, const char *prefix, char **id, struct vtpm_error **error);

/* One vTPM as a JSON object: vtpm.json, with the supervisor's "state",
   "containerPid", "supervisorPid", "emulatorPid", "emulatorRestarts", and
   "instance" if it is kept.  The state is "dead" where no supervisor answers,
   "hung" where one does not in time.  The caller puts *INFO.  */
int vtpm_info_get (const char *base, const char *id, json_object **info,
                   struct vtpm_error **error);

/* Appends the vTPMs in LIST to ARRAY.  One that ends meanwhile is left out.  */
int vtpm_info_get_all (const char *base, const struct vtpm_info_list *list, json_object *array,
                       struct vtpm_error **error);

#endif
