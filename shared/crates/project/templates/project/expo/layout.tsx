import { Stack } from "expo-router";
import { StatusBar } from "expo-status-bar";

const options = { title: "{{ project.title }}" };

export default function RootLayout() {
  return (
    <>
      <Stack screenOptions={options} />
      <StatusBar style="auto" />
    </>
  );
}
