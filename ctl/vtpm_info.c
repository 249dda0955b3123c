/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "vtpm_info.h"

#include <fcntl.h>
#include <string.h>

#include "control_client.h"
#include "names.h"
#include "rundir.h"

#define RECORD_MAX ((size_t) 64 << 10)
#define ANSWER_SECONDS 5u

static int
add (struct vtpm_info_list *list, const char *id)
{
  char **grown = realloc (list->ids, (list->count + 1) * sizeof (*grown));

  if (grown == NULL)
    return -1;
  list->ids = grown;
  list->ids[list->count] = strdup (id);
  return list->ids[list->count] != NULL ? (list->count++, 0) : -1;
}

static int
compare (const void *left, const void *right)
{
  return strcmp (*(char *const *) left, *(char *const *) right);
}

int
vtpm_info_list_ids (const char *base, struct vtpm_info_list *list, struct vtpm_error **error)
{
  _cleanup_closedir_ DIR *dir = opendir (base);
  const struct dirent *entry;

  *list = (struct vtpm_info_list) { 0 };
  if (dir == NULL && errno == ENOENT)
    return 0;
  if (dir == NULL)
    return vtpm_error_set (error, errno, "cannot open %s", base);
  while ((entry = readdir (dir)) != NULL)
    /* Other names are directories about to go.  */
    if (vtpm_name_check_container_id (entry->d_name, NULL) == 0 && add (list, entry->d_name) < 0)
      {
        vtpm_info_list_clear (list);
        return vtpm_error_set (error, ENOMEM, "cannot list %s", base);
      }
  if (list->count > 0)
    qsort (list->ids, list->count, sizeof (*list->ids), compare);
  return 0;
}

void
vtpm_info_list_clear (struct vtpm_info_list *list)
{
  for (size_t i = 0; i < list->count; i++)
    free (list->ids[i]);
  free (list->ids);
  *list = (struct vtpm_info_list) { 0 };
}

int
vtpm_info_find (const char *base, const char *prefix, char **id, struct vtpm_error **error)
{
  _cleanup_info_list_ struct vtpm_info_list list = { 0 };
  char quoted[VTPM_NAME_QUOTED_SIZE];
  const char *found = NULL;

  if (vtpm_info_list_ids (base, &list, error) < 0)
    return -1;
  vtpm_name_quote (prefix, quoted, sizeof (quoted));
  for (size_t i = 0; i < list.count; i++)
    {
      if (prefix[0] == '\0' || strncmp (list.ids[i], prefix, strlen (prefix)) != 0)
        continue;
      /* The list is sorted: an id comes before all that it begins.  */
      if (found != NULL && strcmp (found, prefix) != 0)
        return vtpm_error_set (error, 0, "\"%s\" is the beginning of more than one id: %s, %s",
                               quoted, found, list.ids[i]);
      if (found == NULL)
        found = list.ids[i];
    }
  if (found == NULL)
    return vtpm_error_set_plain (error, ENOENT, "no vTPM of a container \"%s\"", quoted);
  *id = strdup (found);
  return *id != NULL ? 0 : vtpm_error_set (error, ENOMEM, "%s", quoted);
}

/* vtpm.json is absent until the hook has finished.  */
static int
read_record (const char *base, const char *id, json_object **record, struct vtpm_error **error)
{
  _cleanup_close_ int dir_fd = -1;
  _cleanup_close_ int fd = -1;

  if (vtpm_rundir_open (base, id, &dir_fd, error) < 0)
    return -1;
  fd = openat (dir_fd, VTPM_RUNDIR_RECORD, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  if (fd < 0 && errno != ENOENT)
    return vtpm_error_set (error, errno, "cannot open %s/%s/" VTPM_RUNDIR_RECORD, base, id);
  if (fd >= 0)
    return vtpm_json_read_fd (fd, RECORD_MAX, VTPM_RUNDIR_RECORD, record, error);
  *record = json_object_new_object ();
  json_object_object_add (*record, "containerId", json_object_new_string (id));
  return 0;
}

static void
get_status (const char *base, const char *id, struct vtpm_control_status *status)
{
  vtpm_deadline deadline = vtpm_deadline_after_seconds (ANSWER_SECONDS);
  _cleanup_error_ struct vtpm_error *problem = NULL;
  _cleanup_close_ int fd = -1;

  *status = (struct vtpm_control_status) { .state = "dead" };
  if (vtpm_control_connect (base, id, deadline, &fd, &problem) == 0
      && vtpm_control_get_status (fd, deadline, status, &problem) == 0)
    return;
  /* EAGAIN: its backlog is full, and nobody takes from it.  */
  if (vtpm_error_errnum (problem) == ETIMEDOUT || vtpm_error_errnum (problem) == EAGAIN)
    strcpy (status->state, "hung");
}

int
vtpm_info_get (const char *base, const char *id, json_object **info, struct vtpm_error **error)
{
  struct vtpm_control_status status;

  if (read_record (base, id, info, error) < 0)
    return -1;
  get_status (base, id, &status);
  json_object_object_add (*info, "state", json_object_new_string (status.state));
  json_object_object_add (*info, "containerPid", json_object_new_int (status.container_pid));
  json_object_object_add (*info, "supervisorPid", json_object_new_int (status.supervisor_pid));
  json_object_object_add (*info, "emulatorPid", json_object_new_int (status.emulator_pid));
  json_object_object_add (*info, "emulatorRestarts",
                          json_object_new_int64 (status.emulator_restarts));
  /* Before vtpm.json is written there is nothing else that says it.  */
  if (status.instance[0] != '\0')
    json_object_object_add (*info, "instance", json_object_new_string (status.instance));
  return 0;
}

int
vtpm_info_get_all (const char *base, const struct vtpm_info_list *list, json_object *array,
                   struct vtpm_error **error)
{
  for (size_t i = 0; i < list->count; i++)
    {
      _cleanup_error_ struct vtpm_error *problem = NULL;
      json_object *info = NULL;

      if (vtpm_info_get (base, list->ids[i], &info, &problem) == 0)
        json_object_array_add (array, info);
      else if (vtpm_error_errnum (problem) != ENOENT)
        return vtpm_error_pass (error, &problem);
    }
  return 0;
}
