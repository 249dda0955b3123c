/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "pod_name.h"

#include <stdbool.h>
#include <string.h>

#include "names.h"

#define NAMESPACE_MAX 63
#define POD_MAX 253

static const struct
{
  const char *namespace, *pod;
} writers[] = {
  { "io.kubernetes.cri.sandbox-namespace", "io.kubernetes.cri.sandbox-name" }, /* containerd */
  { "io.kubernetes.pod.namespace", "io.kubernetes.pod.name" },                 /* CRI-O */
};

/* Kubernetes has DNS labels for namespaces, and DNS subdomains for pods (RFC 1123).  */
static bool
is_name (json_object *value, size_t maximum)
{
  const char *text = json_object_get_string (value);
  size_t length = strlen (text);

  return json_object_is_type (value, json_type_string) && length > 0 && length <= maximum
         && length == (size_t) json_object_get_string_len (value)
         && strspn (text, "abcdefghijklmnopqrstuvwxyz0123456789-.") == length;
}

/* *TEXT is left as it is where there is no such annotation.  */
static int
take (json_object *annotations, const char *key, size_t maximum, const char **text,
      struct vtpm_error **error)
{
  char quoted[VTPM_NAME_QUOTED_SIZE];
  json_object *value;

  if (!json_object_object_get_ex (annotations, key, &value))
    return 0;
  if (value == NULL || !is_name (value, maximum))
    return vtpm_error_set_plain (error, EINVAL, "annotation %s: \"%s\" is not a name of Kubernetes",
                                 key,
                                 vtpm_name_quote (value != NULL ? json_object_get_string (value) : "",
                                                  quoted, sizeof (quoted)));
  *text = json_object_get_string (value);
  return 0;
}

static int
check (const struct vtpm_pod_name *name, const struct vtpm_pod_name *found,
       struct vtpm_error **error)
{
  if ((found->namespace == NULL) != (found->pod == NULL))
    return vtpm_error_set_plain (error, EINVAL, "the annotations have half the name of a pod: %s",
                                 found->pod != NULL ? found->pod : found->namespace);
  if (name->pod != NULL && found->pod != NULL
      && (strcmp (name->pod, found->pod) != 0 || strcmp (name->namespace, found->namespace) != 0))
    return vtpm_error_set_plain (error, EINVAL, "the annotations name two pods: %s/%s and %s/%s",
                                 name->namespace, name->pod, found->namespace, found->pod);
  return 0;
}

int
vtpm_pod_name_find (json_object *annotations, struct vtpm_pod_name *name, struct vtpm_error **error)
{
  *name = (struct vtpm_pod_name) { 0 };
  if (annotations == NULL)
    return 0;
  for (size_t i = 0; i < sizeof (writers) / sizeof (writers[0]); i++)
    {
      struct vtpm_pod_name found = { 0 };

      if (take (annotations, writers[i].namespace, NAMESPACE_MAX, &found.namespace, error) < 0
          || take (annotations, writers[i].pod, POD_MAX, &found.pod, error) < 0
          || check (name, &found, error) < 0)
        return -1;
      if (found.pod != NULL)
        *name = found;
    }
  return 0;
}
