/** Manifests for Kubernetes: a node with a volume of its own is a StatefulSet of one. */
import { toBase64 } from "../series/base64.ts";
import { canonicalJson } from "../json.ts";
import { HolonError } from "../errors.ts";
import { limits } from "../limits.ts";
import { labelValue, objectName } from "./kubernetes-names.ts";
import { commandOf, healthOf, inContainer, nodeFile, type Workload } from "./workload.ts";

/** `blobs`: what the app names, by hash. They go into a ConfigMap, which holds a megabyte. `HOLON_EXPORT_TOO_LARGE`. */
export function kubernetesManifests(workload: Workload, image: string, blobs: ReadonlyMap<string, Uint8Array>): readonly object[] {
  const { name, version, jurisdiction } = workload;
  const labels = { "app.kubernetes.io/name": name, "app.kubernetes.io/version": labelValue(version), "app.kubernetes.io/managed-by": "holon" };
  const whole = { ...(objectName(name) === name ? {} : { "holon/app": name }), ...(labelValue(version) === version ? {} : { "holon/version": version }) };
  const metadata = { name: objectName(name), labels, annotations: { "holon/jurisdiction": jurisdiction, ...whole } };
  const sizeBytes = [...blobs.values()].reduce((sum, bytes) => sum + bytes.length, 0);
  if (sizeBytes > limits.exportConfigBytesMax) throw new HolonError("HOLON_EXPORT_TOO_LARGE", `the code and the models of ${name} are ${sizeBytes} bytes, and a ConfigMap holds ${limits.exportConfigBytesMax}`);
  return [
    { apiVersion: "v1", kind: "ConfigMap", metadata, data: { [nodeFile]: canonicalJson(workload.node), "app.json": canonicalJson(workload.app) }, binaryData: Object.fromEntries([...blobs].map(([hash, bytes]) => [hash, toBase64(bytes)])) },
    { apiVersion: "v1", kind: "Service", metadata, spec: { clusterIP: "None", selector: selectorOf(name), ports: [{ name: "unused", port: 7402 }] } },
    statefulSet(workload, image, metadata, [...blobs.keys()]),
  ];
}

const selectorOf = (name: string): object => ({ "app.kubernetes.io/name": name });

function statefulSet(workload: Workload, image: string, metadata: { readonly name: string; readonly labels: object; readonly annotations: object }, hashes: readonly string[]): object {
  const { name, processors, memoryBytes, accelerators, diskBytes, boundToPlace, jurisdiction, reads } = workload;
  const { folder, state } = inContainer;
  const room = { cpu: `${Math.ceil(processors * 1000)}m`, memory: mebibytes(memoryBytes) };
  const container = {
    name: "holon",
    image,
    command: commandOf(["holon"], folder, state),
    resources: { requests: room, limits: { memory: room.memory, ...(accelerators === 0 ? {} : { "nvidia.com/gpu": String(accelerators) }) } },
    readinessProbe: { exec: { command: healthOf(["holon"], state) }, periodSeconds: 30, timeoutSeconds: 10 },
    securityContext: { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ["ALL"] } },
    volumeMounts: [{ name: "app", mountPath: folder, readOnly: true }, { name: "state", mountPath: state }, { name: "scratch", mountPath: "/tmp" }, ...reads.map((path, index) => ({ name: `file-${index}`, mountPath: path, readOnly: true }))],
  };
  const items = [{ key: nodeFile, path: nodeFile }, { key: "app.json", path: "app/app.json" }, ...hashes.map((hash) => ({ key: hash, path: `app/blobs/${hash}` }))];
  return {
    apiVersion: "apps/v1",
    kind: "StatefulSet",
    metadata,
    spec: {
      replicas: 1,
      serviceName: metadata.name,
      selector: { matchLabels: selectorOf(name) },
      template: {
        metadata: { labels: metadata.labels, annotations: metadata.annotations },
        spec: {
          automountServiceAccountToken: false,
          securityContext: { runAsNonRoot: true, runAsUser: 10_001, fsGroup: 10_001, seccompProfile: { type: "RuntimeDefault" } },
          // What may run in some places only waits until a node is marked as standing there.
          ...(boundToPlace ? { nodeSelector: { "holon/jurisdiction": labelValue(jurisdiction.replaceAll("/", ".")) } } : {}),
          containers: [container],
          volumes: [{ name: "app", configMap: { name: metadata.name, items } }, { name: "scratch", emptyDir: {} }, ...reads.map((path, index) => ({ name: `file-${index}`, hostPath: { path, type: "File" } }))],
        },
      },
      volumeClaimTemplates: [{ metadata: { name: "state" }, spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: diskBytes > nodeDiskBytes ? mebibytes(diskBytes) : "8Gi" } } } }],
    },
  };
}

const mebibytes = (bytes: number): string => `${Math.ceil(bytes / 2 ** 20)}Mi`;
/** What a node's volume has anyway. */
const nodeDiskBytes = 8 * 2 ** 30;
