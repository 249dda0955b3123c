/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "kept_info.h"

#include <string.h>

#include "store_user.h"

int
vtpm_kept_info_list (const char *state_dir, struct vtpm_store_list *list,
                     struct vtpm_error **error)
{
  _cleanup_error_ struct vtpm_error *problem = NULL;

  *list = (struct vtpm_store_list) { 0 };
  if (vtpm_store_user_become (state_dir, &problem) < 0)
    return vtpm_error_errnum (problem) == ENOENT ? 0 : vtpm_error_pass (error, &problem);
  return vtpm_store_list (state_dir, list, error);
}

static int
set (json_object *object, const char *key, json_object *value)
{
  if (value != NULL && json_object_object_add (object, key, value) == 0)
    return 0;
  json_object_put (value);
  return -1;
}

static int
set_string (json_object *object, const char *key, const char *value)
{
  return value[0] != '\0' ? set (object, key, json_object_new_string (value)) : 0;
}

static int
set_number (json_object *object, const char *key, uint64_t value)
{
  return value != 0 ? set (object, key, json_object_new_uint64 (value)) : 0;
}

static int
add_details (json_object *description, const struct vtpm_store_entry *entry)
{
  return set_string (description, "uuid", entry->uuid) < 0
                 || set_number (description, "generation", entry->generation) < 0
                 || set_number (description, "lastUsed", (uint64_t) entry->last_used) < 0
                 || set_number (description, "size", entry->size) < 0
             ? -1
             : 0;
}

static const char *
state_of (const struct vtpm_store_entry *entry)
{
  if (entry->holder[0] != '\0')
    return "busy";
  if (entry->blank)
    return "empty";
  return entry->fault[0] != '\0' ? "damaged" : "stopped";
}

static int
append (json_object *descriptions, const struct vtpm_store_entry *entry)
{
  json_object *description = json_object_new_object ();
  char instance[VTPM_INSTANCE_ID_TEXT_SIZE];

  if (description == NULL || json_object_array_add (descriptions, description) < 0)
    {
      json_object_put (description);
      return -1;
    }
  return set_string (description, "instance", vtpm_instance_id_format (&entry->id, instance)) < 0
                 || set_string (description, "state", state_of (entry)) < 0
                 || set_string (description, "holder", entry->holder) < 0
                 || set_string (description, "tpmVersion", entry->tpm_version) < 0
                 || add_details (description, entry) < 0
                 || (entry->holder[0] == '\0' && !entry->blank
                     && set_string (description, "fault", entry->fault) < 0)
             ? -1
             : 0;
}

/* The description of the vTPM that runs on ENTRY, or NULL.  */
static json_object *
find_running (json_object *descriptions, size_t count, const struct vtpm_store_entry *entry)
{
  char instance[VTPM_INSTANCE_ID_TEXT_SIZE];

  vtpm_instance_id_format (&entry->id, instance);
  for (size_t i = 0; i < count; i++)
    {
      json_object *description = json_object_array_get_idx (descriptions, i);
      json_object *value = json_object_object_get (description, "instance");

      if (value != NULL && strcmp (json_object_get_string (value), instance) == 0)
        return description;
    }
  return NULL;
}

int
vtpm_kept_info_merge (json_object *descriptions, const struct vtpm_store_list *list,
                      struct vtpm_error **error)
{
  size_t running = json_object_array_length (descriptions);

  for (size_t i = 0; i < list->count; i++)
    {
      const struct vtpm_store_entry *entry = &list->entries[i];
      json_object *description;

      /* What nobody uses yet is `vtpmctl pool status`'s to tell.  */
      if (strcmp (entry->id.scope, VTPM_SCOPE_POOL) == 0)
        continue;
      description = find_running (descriptions, running, entry);

      if ((description != NULL ? add_details (description, entry) : append (descriptions, entry))
          < 0)
        return vtpm_error_set (error, ENOMEM, "cannot describe the instances");
    }
  return 0;
}
